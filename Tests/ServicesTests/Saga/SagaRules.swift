import Contracts
import Foundation
import GRDB
import Testing

@testable import Delivery

/// One service's rules, asked from outside: its card, and rows made by its own facts. Nothing asked leaves a trace.
struct SagaRules {
    /// An event by the name that the model gives it: of those that carry a reason, one a reason.
    struct Sample {
        let name: String
        let payload: any EventPayload
    }

    /// Where the rows of an order stand, and the facts that lead there.
    struct State {
        let name: String
        let facts: [Sample]
    }

    static let now = ServiceHarness.start
    static let expiresAt = now + .seconds(600)

    let harness: ServiceHarness
    let order: OrderID
    /// The name of the order's state, read from the rows.
    let stateName: (Database) throws -> String

    init(_ card: ServiceCard, stateName: @escaping (OrderID, Database) throws -> String) throws {
        harness = try ServiceHarness(card)
        let order = harness.newOrderID()
        self.order = order
        self.stateName = { try stateName(order, $0) }
    }

    // MARK: - What there is

    /// Every event that the service consumes.
    func consumed() throws -> [Sample] { try harness.card.subscriptions.flatMap { try Self.samples($0.type) } }

    /// Every event of its own, those about products left out.
    func own() throws -> [Sample] {
        try harness.card.facts.map(\.type).filter { $0 != V1.StockAdjusted.type }.flatMap(Self.samples)
    }

    /// Every state that facts lead to, found by applying all of them to all that was found.
    func states(before prepare: (Database) throws -> Void = { _ in }) throws -> [State] {
        var found: [State] = [State(name: try trial(stateName), facts: [])]
        var next = 0
        while next < found.count {
            for fact in try own() {
                let facts = found[next].facts + [fact]
                guard
                    let name = try? trial({ db in
                        try prepare(db)
                        try apply(facts, db)
                        return try stateName(db)
                    }), !found.contains(where: { $0.name == name })
                else { continue }
                found.append(State(name: name, facts: facts))
            }
            next += 1
        }
        return found
    }

    // MARK: - Asking

    private struct RolledBack: Error {}

    /// What the body returns; what it wrote is rolled back.
    func trial<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var value: Value?
        do {
            try harness.node.database.transaction { db in
                value = try body(db)
                throw RolledBack()
            }
        } catch is RolledBack {}
        return try #require(value)
    }

    func apply(_ facts: [Sample], _ db: Database) throws {
        for fact in facts {
            let own = try #require(harness.card.facts.first { $0.type == Swift.type(of: fact.payload).type })
            try own.applyValue(try envelope(fact), fact.payload, Self.now, db)
        }
    }

    /// What follows of an event: the card's own handler, foreign fact first.
    func hear(_ event: Sample, at recordedAt: Timestamp = Self.now, _ db: Database) throws -> [Outgoing] {
        let type = Swift.type(of: event.payload).type
        let subscription = try #require(harness.card.subscriptions.first { $0.type == type })
        let moment = HandlingMoment(recordedAt: recordedAt, age: recordedAt - Self.now)
        return try subscription.handle(try envelope(event), moment, db)
    }

    /// What follows where the operator gives up on an event.
    func discard(_ event: Sample, _ db: Database) throws -> [Outgoing] {
        let type = Swift.type(of: event.payload).type
        let discard = try #require(harness.card.discards.first { $0.name == Subscription.name(of: type) })
        return try discard.decide(try envelope(event), Self.now, db)
    }

    func envelope(_ event: Sample) throws -> Envelope {
        Envelope(
            id: .version7(at: Self.now, randomBits: (1, 2)), source: "/test", type: Swift.type(of: event.payload).type,
            subject: order.description, time: Self.now, correlationID: order.rebound(),
            data: try event.payload.encoded())
    }

    // MARK: - Names

    /// The event and the call that a decision asks for, as the model names them.
    static func names(_ decide: () throws -> [Outgoing]) throws -> (said: String, call: String) {
        let outgoing: [Outgoing]
        do {
            outgoing = try decide()
        } catch is EventFault {
            return ("broken", "nothing")
        }
        var (said, call): ([String], [String]) = ([], [])
        for item in outgoing {
            switch item {
            case .event(let payload, _): said.append(name(payload))
            case .call(let request): call.append("call_\(request.kind)")
            case .anomaly: said.append("anomaly")
            }
        }
        // The model knows a decision as one event and one call at most.
        try #require(said.count <= 1 && call.count <= 1, "\(said) \(call)")
        return (said.first ?? "nothing", call.first ?? "nothing")
    }

    static func name(_ payload: any EventPayload) -> String {
        let type = String(Subscription.name(of: Swift.type(of: payload).type))
        switch payload {
        case let failed as V1.PaymentFailed: return "\(type)_\(failed.reason)"
        case let cancelled as V1.OrderCancelled: return "\(type)_\(cancelled.reason)"
        default: return type
        }
    }

    /// One event of a type, or one a reason.
    ///
    /// - Throws: for a type that the model does not know.
    private static func samples(_ type: String) throws -> [Sample] {
        let lines = [StockLine(productID: "P", quantity: 1)]
        let total = Money(amount: 1999, currency: "GBP")
        let payloads: [any EventPayload] =
            switch type {
            case V1.OrderCreated.type:
                [ServicesTests.Sample.created([OrderLine(productID: "P", quantity: 1, unitPrice: 1999)], total: total)]
            case V1.OrderCancellationRequested.type: [V1.OrderCancellationRequested()]
            case V1.OrderConfirmed.type: [ServicesTests.Sample.confirmed(total: total)]
            case V1.OrderCancelled.type:
                CancellationReason.allCases.map { ServicesTests.Sample.cancelled($0, total: total) }
            case V1.StockReserved.type:
                [V1.StockReserved(lines: lines, total: total, cardToken: "tok_visa", expiresAt: expiresAt)]
            case V1.StockRejected.type: [V1.StockRejected(shortages: [])]
            case V1.StockReleased.type: [V1.StockReleased(lines: lines, reason: .paymentFailed)]
            case V1.PaymentSucceeded.type: [V1.PaymentSucceeded(amount: total, paymentIntent: "pi")]
            case V1.PaymentFailed.type:
                PaymentFailureReason.allCases.map { V1.PaymentFailed(reason: $0, declineCode: nil) }
            case V1.PaymentRefunded.type: [V1.PaymentRefunded(amount: total, paymentIntent: "pi", refund: "re")]
            default: throw UnknownType(type: type)
            }
        return payloads.map { Sample(name: name($0), payload: $0) }
    }

    struct UnknownType: Error, CustomStringConvertible {
        let type: String
        var description: String {
            "the saga's model knows no \(type): give it a sample here, and a place in Sources/Services/Saga/saga.pml"
        }
    }
}

import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing

@testable import PaymentService

/// Payment with a gateway, its calls made one at a time when the test says so.
final class PaymentTill {
    static let total = Money(amount: 4498, currency: "GBP")

    let service: ServiceHarness
    let gateway: PaymentFakeGateway
    let caller: GatewayCaller
    /// Answers that arrived and are not recorded yet: a restart forgets them.
    private var pending: [(Intent, GatewayCaller.Answer)] = []

    init(
        log: InMemoryEventLog = InMemoryEventLog(), clock: ManualClock = ManualClock(ServiceHarness.start),
        seed: UInt64 = 1,
        forecast: @escaping @Sendable () -> PaymentFakeGateway.Weather = { .clear }
    ) throws {
        service = try ServiceHarness(PaymentService.card(), log: log, clock: clock, seed: seed)
        gateway = PaymentFakeGateway(clock: clock, forecast: forecast)
        caller = GatewayCaller(gateway: gateway)
    }

    // MARK: - What others say

    @discardableResult
    func reserve(
        _ order: OrderID, card: String = "tok_visa", hold: Duration = .seconds(600), total: Money = PaymentTill.total
    ) throws -> Envelope {
        let reserved = V1.StockReserved(
            lines: [StockLine(productID: "A", quantity: 1)], total: total, cardToken: card,
            expiresAt: service.clock.now() + hold)
        return try service.emit(reserved, order: order, on: .inventory)
    }

    @discardableResult
    func cancel(_ order: OrderID) throws -> Envelope {
        try service.emit(V1.OrderCancellationRequested(), order: order, on: .orders)
    }

    // MARK: - Calls

    var openIntents: [Intent] {
        get throws { try service.node.database.read { try Intent.open(after: "", limit: .max, $0) } }
    }

    /// One call of one open intent; false where the outcome stays unknown. Not recorded yet.
    @discardableResult
    func ask(_ intent: Intent) async throws -> Bool {
        let question = try service.node.database.read {
            try caller.question(for: intent, isOverdue: isOverdue(intent), in: $0)
        }
        guard let answer = try? await caller.ask(question) else { return false }  // unknown: it is asked again
        pending.append((intent, answer))
        return true
    }

    private func isOverdue(_ intent: Intent) -> Bool {
        let node = service.node
        return node.timeLeft(of: intent, at: node.clockHistory.read()).map { $0 <= .zero } ?? false
    }

    /// Records what was answered.
    func settle() throws {
        let answered = pending
        pending = []
        try service.node.settle(answered, notBefore: { isOverdue($0) ? $0.deadline : nil }) { intent, answer, _, db in
            try caller.settle(intent, answer, isOverdue: isOverdue(intent), in: db)
        }
    }

    /// As after a `kill -9`: answers that nobody recorded are gone.
    func restart() throws {
        pending = []
        try service.restart()
    }

    /// Until every call has its answer and every event is out.
    func finish() async throws {
        for _ in 0..<200 {
            try service.runUntilIdle()
            let open = try openIntents
            if open.isEmpty { return }
            for intent in open { try await ask(intent) }
            try settle()
        }
        Issue.record("calls stay open: \(try openIntents.map(\.key))")
    }

    // MARK: - What it said

    private var saidSoFar: [OrderID: [Envelope]] = [:]
    private var saidUpTo: Position?

    /// An order's events, in order.
    func said(_ order: OrderID) throws -> [Envelope] {
        let reader = try service.log.openReader(of: .payments, from: saidUpTo)
        defer { reader.close() }
        for logged in try reader.read(maximumEvents: .max, maximumBytes: .max) {
            let event = try EventCoding.decode(logged.bytes)
            if let order = event.orderID { saidSoFar[order, default: []].append(event) }
        }
        saidUpTo = reader.position
        return saidSoFar[order] ?? []
    }

    /// Type, reason or amount, and the cause of each event of an order.
    func story(_ order: OrderID) throws -> [String] {
        try said(order).map { event in
            switch event.type {
            case V1.PaymentSucceeded.type:
                "succeeded \(try V1.PaymentSucceeded.decoded(from: event.data).amount.amount)"
            case V1.PaymentFailed.type: "failed \(try V1.PaymentFailed.decoded(from: event.data).reason)"
            case V1.PaymentRefunded.type: "refunded \(try V1.PaymentRefunded.decoded(from: event.data).amount.amount)"
            default: event.type
            }
        }
    }

    func causes(_ order: OrderID) throws -> [EventID?] {
        try said(order).map(\.causationID)
    }
}

package import Delivery
import Foundation
package import GRDB
import Contracts

/// Payment's rules for its calls: what to ask, and what follows from the answer.
///
/// *Guarantee*: a charge is asked for again with the same bytes under the same key until the gateway gives an answer bound
/// to the key; after the hold or a cancellation the key is voided instead. *If broken*: a time-out is taken for a
/// failure, the order is cancelled, and the card was charged all the same.
package struct GatewayCaller: OutsideCaller {
    package enum Question: Sendable, Equatable {
        case charge(key: String, body: [UInt8])
        case void(key: String)
        case refund(key: String, body: [UInt8])
    }

    package enum Answer: Sendable, Equatable {
        case charge(ChargeAnswer)
        case refund(RefundAnswer)
    }

    enum Kind {
        static let charge = "charge"
        static let refund = "refund"
    }

    private let gateway: any PaymentGateway

    package init(gateway: any PaymentGateway) {
        self.gateway = gateway
    }

    package func question(for intent: Intent, isOverdue: Bool, in db: Database) throws -> Question {
        guard intent.kind == Kind.charge else { return .refund(key: intent.key, body: intent.request) }
        let isCancelled = try PaymentStore.isCancellationRequested(try order(of: intent), db)
        #if MUTANTS
            let again = Question.charge(key: intent.key, body: intent.request)
            if Mutant.voidNotAsked.isOn || (Mutant.expiryIgnored.isOn && !isCancelled) { return again }
            if Mutant.newKeyOnRetry.isOn {
                let other = (0...1_000_000_000).randomElement() ?? 0
                return .charge(key: "\(intent.key):\(other)", body: intent.request)
            }
        #endif
        return isOverdue || isCancelled ? .void(key: intent.key) : .charge(key: intent.key, body: intent.request)
    }

    package func ask(_ question: Question) async throws -> Answer {
        #if MUTANTS
            if Mutant.unknownTakenForDeclined.isOn, case .charge(let key, let body) = question {
                return .charge((try? await gateway.charge(key: key, body: body)) ?? .declined(code: "no_answer"))
            }
        #endif
        switch question {
        case .charge(let key, let body):
            let answer = try await gateway.charge(key: key, body: body)
            guard case .refused(let reason) = answer else { return .charge(answer) }
            #if MUTANTS
                if Mutant.refusalNotVoided.isOn { return .charge(answer) }
            #endif
            // Bound by a void, so that no late twin of the request can capture after the order was cancelled.
            let bound = try await gateway.void(key: key)
            return .charge(bound == .voided ? .refused(reason) : bound)
        case .void(let key):
            return .charge(try await gateway.void(key: key))
        case .refund(let key, let body):
            return .refund(try await gateway.refund(key: key, body: body))
        }
    }

    package func settle(_ intent: Intent, _ answer: Answer, isOverdue: Bool, in db: Database) throws
        -> [Outgoing]
    {
        let order = try order(of: intent)
        switch answer {
        case .charge(.captured(let paymentIntent)):
            let body = try ChargeBody.decoded(fromJSON: intent.request)
            let amount = Money(amount: body.amount, currency: body.currency.uppercased())
            let succeeded = Outgoing.event(
                V1.PaymentSucceeded(amount: amount, paymentIntent: paymentIntent), order: order)
            #if MUTANTS
                if Mutant.refundNotAsked.isOn { return [succeeded] }
            #endif
            guard let request = try PaymentStore.cancellation(order, db) else { return [succeeded] }
            return [succeeded, try Self.refund(order, amount, paymentIntent: paymentIntent, because: request)]
        case .charge(.declined(let code)):
            return [.event(V1.PaymentFailed(reason: .declined, declineCode: code), order: order)]
        case .charge(.refused(let reason)):
            return [.event(V1.PaymentFailed(reason: .declined, declineCode: reason), order: order)]
        case .charge(.voided):
            return [.event(try whyVoided(order, isOverdue: isOverdue, db), order: order)]
        case .refund(.refunded(let id)):
            let body = try RefundBody.decoded(fromJSON: intent.request)
            let amount = Money(amount: body.amount, currency: body.currency.uppercased())
            return [
                .event(V1.PaymentRefunded(amount: amount, paymentIntent: body.paymentIntent, refund: id), order: order)
            ]
        }
    }

    /// A key is voided for three reasons; the third is seen here only after a crash between the void and its answer.
    private func whyVoided(_ order: OrderID, isOverdue: Bool, _ db: Database) throws -> V1.PaymentFailed {
        if try PaymentStore.isCancellationRequested(order, db) {
            return V1.PaymentFailed(reason: .cancelledByCustomer, declineCode: nil)
        }
        if isOverdue { return V1.PaymentFailed(reason: .expired, declineCode: nil) }
        return V1.PaymentFailed(reason: .declined, declineCode: "refused by the gateway")
    }

    // MARK: - The calls that handlers record

    static func charge(_ reservation: V1.StockReserved, order: OrderID) throws -> Outgoing {
        .call(
            CallRequest(
                key: "charge:\(order)", kind: Kind.charge, subject: order.description,
                body: ChargeBody(reservation, order: order).canonicalBytes, deadline: reservation.expiresAt))
    }

    /// The cause of a refund is always the customer's request.
    static func refund(_ order: OrderID, _ amount: Money, paymentIntent: String, because request: Envelope) throws
        -> Outgoing
    {
        .call(
            CallRequest(
                key: "refund:\(order)", kind: Kind.refund, subject: order.description,
                body: RefundBody(paymentIntent: paymentIntent, amount: amount, order: order).canonicalBytes,
                cause: request))
    }

    private func order(of intent: Intent) throws -> OrderID {
        guard let order = OrderID(intent.subject) else {
            throw EventFault.brokenRule("the subject '\(intent.subject)' of call \(intent.key) is not an order id")
        }
        return order
    }
}

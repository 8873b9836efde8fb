import Contracts
import Foundation
import GRDB

/// Payment's calls to the gateway, as its table `intents` has them, open and finished.
struct PaymentCalls {
    private(set) var all: [Call] = []

    struct Call {
        let key: String
        let kind: String
        let subject: String
        /// Without its data; `nil` for bytes that are no event.
        let cause: Envelope?
        let request: [UInt8]
        let deadline: Int64?
    }

    var keys: Set<String> { Set(all.map(\.key)) }

    init(_ db: Database) throws {
        try db.forEachRow("SELECT key, kind, subject, cause, request, deadline FROM intents") { row in
            all.append(
                Call(
                    key: row[0], kind: row[1], subject: row[2], cause: try? EventCoding.decode(row.bytes(3)),
                    request: row.bytes(4), deadline: row[5]))
        }
    }
}

/// Each call to the gateway is what its event leads to, and what came of one has its call on record. (Invariant 4.)
///
/// *If broken*: after a crash Payment sends what stands in its table again: another amount, or for another order.
struct PaymentCallCheck {
    let evidence: Evidence
    let calls: PaymentCalls

    private static let file = Place(file: "db/payment/payment.db")

    func run(_ check: inout InvariantCheck) {
        for call in calls.all {
            check.checked += 1
            guard let fault = fault(of: call) else { continue }
            check.broken(
                "the call \(call.key) of Payment is not what its event leads to: \(fault)",
                order: OrderID(call.subject), event: call.cause?.id, service: .payment, at: Self.file)
        }
        checkMissing(&check)
    }

    private func checkMissing(_ check: inout InvariantCheck) {
        let keys = calls.keys
        let payments = evidence.topic(.payments)
        for (offset, event) in payments.said {
            guard let order = event.order, evidence.hasWritten(.payments, offset: offset) else { continue }
            let key: String
            switch event.kind {
            case .paymentSucceeded?: key = "charge:\(order)"
            case .paymentRefunded?: key = "refund:\(order)"
            // It may have failed before the gateway was asked.
            case .paymentFailed? where evidence.ledger?.keys["charge:\(order)"] != nil: key = "charge:\(order)"
            default: continue
            }
            guard !keys.contains(key) else { continue }
            check.broken(
                "\(payments.typeName(of: event)) without a call on record (\(key))", order: order, event: event.id,
                service: .payment, at: Self.file)
        }
    }

    private func fault(of call: PaymentCalls.Call) -> String? {
        guard let order = OrderID(call.subject) else { return "its subject is no order" }
        guard ["charge", "refund"].contains(call.kind), call.key == "\(call.kind):\(order)" else {
            return "it is a \(call.kind) for order \(order)"
        }
        guard let cause = call.cause else { return "its cause is no event" }
        guard cause.orderID == order else { return "its cause is about \(cause.subject)" }
        guard cause.type == (call.kind == "charge" ? EventKind.stockReserved : .orderCancellationRequested).type else {
            return "its cause is \(cause.type)"
        }
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(call.request)) else {
            return "its request cannot be read"
        }
        guard request.metadata.order_id == order.description else { return "its request is about another order" }
        // What an edit or an import stands for is not in the log.
        guard evidence.services[.payment]?.desk.letter(cause.id) == nil else { return nil }
        guard let place = evidence.index.find(cause.id) else {
            return evidence.anyGap == nil ? "its cause \(cause.id) is not in the log" : nil
        }
        guard cause.time.microseconds == place.event.time, cause.correlationID == place.event.correlation else {
            return "its cause differs from the event in the log"
        }
        return call.kind == "charge" ? chargeFault(call, request, place) : refundFault(call, request, order)
    }

    private func chargeFault(
        _ call: PaymentCalls.Call, _ request: Request, _ place: (topic: TopicFacts, offset: UInt64, event: EventFact)
    ) -> String? {
        guard place.event.kind == .stockReserved,
            let said = place.topic.details.stock[Int(place.event.detail)].reservation
        else { return "its cause is no reservation" }
        guard request.amount == said.total.amount, request.currency?.uppercased() == said.total.currency,
            request.payment_method == said.cardToken
        else { return "its request differs from the reservation" }
        return call.deadline == said.expiresAt.microseconds ? nil : "its deadline is not the reservation's"
    }

    private func refundFault(_ call: PaymentCalls.Call, _ request: Request, _ order: OrderID) -> String? {
        guard call.deadline == nil else { return "it has a deadline" }
        guard let total = evidence.orders[order]?.total, evidence.gap(in: .orders) == nil else { return nil }
        return request.amount == total.amount ? nil : "its request is for another amount than was paid"
    }

    /// A payment intent or a refund as it is asked for, in Stripe's shape.
    private struct Request: Decodable {
        struct Metadata: Decodable { let order_id: String }

        let amount: Int64
        let currency: String?
        let payment_method: String?
        let metadata: Metadata
    }
}

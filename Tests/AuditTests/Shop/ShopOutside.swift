import Contracts
import Foundation
import GRDB

// Payment with its world (Notification's is in ShopMail.swift): a call is recorded, made, and settled, three steps that a
// crash may part.

extension Shop {
    func append(_ text: String, to file: String) throws {
        try append(Data(text.utf8), to: file)
    }

    func append(_ bytes: Data, to file: String) throws {
        let path = directory + "/" + file
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    func record(
        _ service: ServiceName, key: String, kind: String, subject: String? = nil, _ order: OrderID, cause: Envelope,
        request: [UInt8] = [], deadline: Timestamp? = nil, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
            arguments: [
                key, kind, subject ?? order.description, Data(try EventCoding.encode(cause)), Data(request),
                deadline?.microseconds, max(clock, cause.time.microseconds),
            ])
        books.calls.append(Call(service: service, key: key, order: order, cause: cause))
    }

    /// Makes a recorded call; what follows from the answer is settled in a step of its own.
    func answer(_ index: Int) throws {
        let call = books.calls[index]
        books.calls[index].stage = .answered
        books.calls[index].settle =
            switch call.key.split(separator: ":")[0] {
            case "charge": try chargeCard(call)
            case "refund": try refundCard(call)
            default: try deliver(call)
            }
    }

    func settle(_ index: Int) throws {
        let call = books.calls.remove(at: index)
        try transact(call.service) { db, made in
            try db.execute(sql: "UPDATE intents SET state = 'finished' WHERE key = ?", arguments: [call.key])
            try call.settle?(self, db, &made)
        }
    }

    // MARK: - Payment

    func charge(_ cause: Envelope, _ db: Database, _ made: inout [Envelope]) throws {
        guard let id = cause.orderID else { return }
        if books.cancellations[id] != nil {
            made.append(
                try event(
                    V1.PaymentFailed(reason: .cancelledByCustomer, declineCode: nil), id, by: .payment, cause: cause))
            try insertPayment(id, "failed", nil, nil, db)
        } else {
            let reservation = try V1.StockReserved.decoded(from: cause.data)
            try record(
                .payment, key: "charge:\(id)", kind: "charge", id, cause: cause,
                request: Self.request(id, reservation.total, card: reservation.cardToken),
                deadline: reservation.expiresAt, db)
        }
    }

    func payBack(_ cause: Envelope, _ db: Database) throws {
        guard let id = cause.orderID else { return }
        books.cancellations[id] = cause
        if let paid = books.paid[id] { try askBack(id, paid.amount, cause, db) }
    }

    private func askBack(_ id: OrderID, _ amount: Money, _ cause: Envelope, _ db: Database) throws {
        try record(
            .payment, key: "refund:\(id)", kind: "refund", id, cause: cause, request: Self.request(id, amount), db)
    }

    /// A payment intent or a refund, in the gateway's words.
    static func request(_ order: OrderID, _ amount: Money, card: String? = nil) -> [UInt8] {
        let card = card.map { #","payment_method":"\#($0)""# } ?? ""
        return Array(
            #"{"amount":\#(amount.amount),"currency":"\#(amount.currency.lowercased())","metadata":{"order_id":"\#(order)"}\#(card)}"#
                .utf8)
    }

    private func chargeCard(_ call: Call) throws -> (Shop, Database, inout [Envelope]) throws -> Void {
        let reservation = try V1.StockReserved.decoded(from: call.cause.data)
        guard reservation.cardToken == "tok_visa" else {
            try gateway.write { db in
                try db.execute(
                    sql: "INSERT INTO idempotency_keys VALUES (?, 'declined', NULL, 402, ?, 0)",
                    arguments: [call.key, Data(#"{"error":{"decline_code":"generic_decline"}}"#.utf8)])
            }
            return { shop, db, made in
                let failed = V1.PaymentFailed(reason: .declined, declineCode: "generic_decline")
                made.append(try shop.event(failed, call.order, by: .payment, cause: call.cause))
                try shop.insertPayment(call.order, "failed", nil, nil, db)
            }
        }
        let intent = "pi_\(call.order)"
        try book("capture", key: call.key, id: intent, intent: intent, call.order, reservation.total)
        return { shop, db, made in
            let succeeded = V1.PaymentSucceeded(amount: reservation.total, paymentIntent: intent)
            made.append(try shop.event(succeeded, call.order, by: .payment, cause: call.cause))
            try shop.insertPayment(call.order, "succeeded", reservation.total, intent, db)
            shop.books.paid[call.order] = (intent, reservation.total)
            if let request = shop.books.cancellations[call.order] {
                try shop.askBack(call.order, reservation.total, request, db)
            }
        }
    }

    private func refundCard(_ call: Call) throws -> (Shop, Database, inout [Envelope]) throws -> Void {
        guard let paid = books.paid[call.order] else { throw ShopError("nothing to pay back") }
        let refund = "re_\(call.order)"
        try book("refund", key: call.key, id: refund, intent: paid.intent, call.order, paid.amount)
        return { shop, db, made in
            let refunded = V1.PaymentRefunded(amount: paid.amount, paymentIntent: paid.intent, refund: refund)
            made.append(try shop.event(refunded, call.order, by: .payment, cause: call.cause))
            try db.execute(
                sql: "UPDATE payments SET state = 'refunded' WHERE order_id = ?", arguments: [Data(call.order.bytes)])
        }
    }

    /// An entry of the gateway's ledger, bound to its key.
    func book(_ kind: String, key: String, id: String, intent: String, _ order: OrderID, _ amount: Money) throws {
        try gateway.write { db in
            try db.execute(
                sql: "INSERT INTO idempotency_keys VALUES (?, ?, NULL, 200, ?, 0)",
                arguments: [
                    key, kind == "capture" ? "captured" : "refunded", Data(#"{"id":"\#(id)"}"#.utf8),
                ])
            try db.execute(
                sql: "INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 0)",
                arguments: [kind, key, id, intent, order.description, amount.amount, amount.currency])
        }
    }

    private func insertPayment(
        _ id: OrderID, _ state: String, _ amount: Money?, _ intent: String?, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO payments VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, 0, NULL)",
            arguments: [Data(id.bytes), state, amount?.amount, amount?.currency, intent])
    }
}

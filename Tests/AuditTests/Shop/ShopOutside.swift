import Contracts
import Foundation
import GRDB

// Payment and Notification with their worlds: a call is recorded, made, and settled, three steps that a crash may part.

extension Shop {
    func append(_ text: String, to file: String) throws {
        let path = directory + "/" + file
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private func record(
        _ service: ServiceName, key: String, kind: String, _ order: OrderID, cause: Envelope, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO intents VALUES (?, ?, ?, ?, x'', 'open', ?)",
            arguments: [key, kind, order.description, Data(try EventCoding.encode(cause)), clock])
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
            case "alert": try deliverAlert(call)
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
            try record(.payment, key: "charge:\(id)", kind: "charge", id, cause: cause, db)
        }
    }

    func payBack(_ cause: Envelope, _ db: Database) throws {
        guard let id = cause.orderID else { return }
        books.cancellations[id] = cause
        if books.paid[id] != nil { try record(.payment, key: "refund:\(id)", kind: "refund", id, cause: cause, db) }
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
                try shop.record(.payment, key: "refund:\(call.order)", kind: "refund", call.order, cause: request, db)
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

    // MARK: - Notification

    func tell(_ cause: Envelope, _ kind: NotificationKind, _ db: Database) throws {
        guard let id = cause.orderID else { return }
        try record(.notification, key: "mail:\(id):\(kind.rawValue)", kind: "mail", id, cause: cause, db)
    }

    /// The first letter of a service tells the operator.
    func alert(_ letter: Envelope, _ db: Database) throws {
        let key = "alert:\(letter.source):1"
        let isKnown = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM intents WHERE key = ?)", arguments: [key])
        if isKnown == true { return }
        try record(.notification, key: key, kind: "alert", letter.orderID ?? newID(), cause: letter, db)
    }

    private func deliverAlert(_ call: Call) throws -> (Shop, Database, inout [Envelope]) throws -> Void {
        try append(
            """
            From stampede@shop.example Sun Mar  1 12:00:00 2026
            Message-ID: <alert-\(call.cause.id)@shop.example>
            X-Stampede-Alert: 1
            Subject: A dead letter

            To see it: stampede dlq list


            """, to: "mail/outbox.mbox")
        return { _, _, _ in }
    }

    static func messageID(_ event: EventID) -> String { "<\(event)@shop.example>" }

    func appendMail(_ messageID: String) throws {
        try append(
            """
            From orders@shop.example Sun Mar  1 12:00:00 2026
            Date: Sun, 01 Mar 2026 12:00:00 +0000
            Message-ID: \(messageID)
            Subject: Your order

            Dear customer,
            >From now on your order is on its way.


            """, to: "mail/outbox.mbox")
    }

    private func deliver(_ call: Call) throws -> (Shop, Database, inout [Envelope]) throws -> Void {
        let messageID = Self.messageID(call.cause.id)
        try appendMail(messageID)
        guard let kind = call.key.split(separator: ":").last.flatMap({ NotificationKind(rawValue: String($0)) }) else {
            throw ShopError("a call without a kind")
        }
        return { shop, db, made in
            let sent = V1.NotificationSent(kind: kind, channel: "mbox", messageID: messageID)
            made.append(try shop.event(sent, call.order, by: .notification, cause: call.cause))
            try shop.insertNotification(call.order, kind, call.cause.id, messageID, db)
        }
    }

    func insertNotification(
        _ id: OrderID, _ kind: NotificationKind, _ event: EventID, _ messageID: String, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO notifications VALUES (?, ?, ?, ?, 'sent', 0)",
            arguments: [Data(id.bytes), kind.rawValue, Data(event.bytes), messageID])
    }
}

import Contracts
import Delivery
import Foundation
import GRDB

/// Whether an order is paid for, as far as Payment has said.
enum PaymentState: String, Sendable {
    case succeeded, failed, refunded
}

/// Payment's tables and queries.
enum PaymentStore {
    static let digest = [
        DigestTable(
            "payments", key: ["order_id"],
            columns: [
                "order_id", "state", "amount", "currency", "payment_intent", "failure_reason", "decline_code", "refund",
                "settled_at", "refunded_at",
            ]),
        DigestTable("cancellation_requests", key: ["order_id"], columns: ["order_id", "event_id", "requested_at"]),
    ]

    @Sendable static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS payments (
                    order_id BLOB PRIMARY KEY, state TEXT NOT NULL, amount INTEGER, currency TEXT, payment_intent TEXT,
                    failure_reason TEXT, decline_code TEXT, refund TEXT, settled_at INTEGER NOT NULL, refunded_at INTEGER
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS cancellation_requests (
                    order_id BLOB PRIMARY KEY, event_id BLOB NOT NULL, requested_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }

    // MARK: - Payments

    struct Payment {
        let state: PaymentState
        let amount: Money?
        let paymentIntent: String?
    }

    static func payment(_ order: OrderID, _ db: Database) throws -> Payment? {
        try Row.fetchOne(
            try db.cachedStatement(
                sql: "SELECT state, amount, currency, payment_intent FROM payments WHERE order_id = ?"),
            arguments: [Data(order.bytes)]
        ).map { row in
            let cell = Cells(row, of: "payments")
            guard let state = PaymentState(rawValue: try cell(0)) else {
                throw cell.fault(at: 0, expected: "a state of a payment")
            }
            let amount = try cell(1, as: Int64?.self).map { Money(amount: $0, currency: try cell(2)) }
            return Payment(state: state, amount: amount, paymentIntent: try cell(3))
        }
    }

    /// Neither answered nor asked for at the gateway.
    static func isUnanswered(_ order: OrderID, _ db: Database) throws -> Bool {
        try payment(order, db) == nil && !Intent.exists(key: "charge:\(order)", db)
    }

    static func insertSucceeded(_ order: OrderID, _ fact: V1.PaymentSucceeded, at time: Timestamp, _ db: Database)
        throws
    {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO payments (order_id, state, amount, currency, payment_intent, settled_at)
                VALUES (?, 'succeeded', ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Data(order.bytes), fact.amount.amount, fact.amount.currency, fact.paymentIntent, time.microseconds,
        ])
    }

    static func insertFailed(_ order: OrderID, _ fact: V1.PaymentFailed, at time: Timestamp, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO payments (order_id, state, failure_reason, decline_code, settled_at) VALUES (?, 'failed', ?, ?, ?)
                """)
        try statement.execute(arguments: [Data(order.bytes), fact.reason.rawValue, fact.declineCode, time.microseconds])
    }

    static func setRefunded(_ order: OrderID, _ fact: V1.PaymentRefunded, at time: Timestamp, _ db: Database) throws {
        try db.execute(
            sql:
                "UPDATE payments SET state = 'refunded', refund = ?, refunded_at = ? WHERE order_id = ? AND state = 'succeeded'",
            arguments: [fact.refund, time.microseconds, Data(order.bytes)])
        guard db.changesCount == 1 else { throw EventFault.brokenRule("order \(order) has no capture to pay back") }
    }

    // MARK: - Cancellation requests

    static func insertCancellation(_ order: OrderID, _ request: Envelope, _ db: Database) throws {
        try db.execute(
            sql:
                "INSERT INTO cancellation_requests (order_id, event_id, requested_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [Data(order.bytes), Data(request.id.bytes), request.time.microseconds])
    }

    /// The request as the cause of a refund, without its data; nil where nobody asked.
    static func cancellation(_ order: OrderID, _ db: Database) throws -> Envelope? {
        guard
            let row = try Row.fetchOne(
                try db.cachedStatement(
                    sql: "SELECT event_id, requested_at FROM cancellation_requests WHERE order_id = ?"),
                arguments: [Data(order.bytes)])
        else { return nil }
        let cell = Cells(row, of: "cancellation_requests")
        return Envelope(
            id: try cell(0), source: ServiceName.order.source, type: V1.OrderCancellationRequested.type,
            subject: order.description,
            time: try cell(1), correlationID: order.rebound(), data: [])
    }

    static func isCancellationRequested(_ order: OrderID, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM cancellation_requests WHERE order_id = ?)"),
            arguments: [Data(order.bytes)]) ?? false
    }
}

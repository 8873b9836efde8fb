import Foundation
import GRDB

/// One movement of money.
struct LedgerEntry: Sendable {
    enum Kind: String, Sendable {
        case capture, refund
    }

    let kind: Kind
    let key: IdempotencyKey
    let gatewayId: String
    let paymentIntent: String
    let orderId: String
    /// Minor units.
    let amount: Int64
    let currency: String
    /// Microseconds since 1970.
    let at: Int64
}

/// The ledger's queries. Every statement is prepared once and served by a primary or unique key,
/// or by `refunds_of_payment_intent`.
enum LedgerStore {
    static func bound(_ key: IdempotencyKey, in db: Database) throws -> BoundKey? {
        let statement = try db.cachedStatement(
            sql: "SELECT outcome, request_hash, status, response FROM idempotency_keys WHERE key = ?")
        guard let row = try Row.fetchOne(statement, arguments: [key.text]) else { return nil }
        let cells = LedgerCells(row: row, table: "idempotency_keys")
        let text = try cells.text(0)
        guard let outcome = BoundKey.Outcome(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "idempotency key \(key) has outcome '\(text)'")
        }
        return BoundKey(
            outcome: outcome, requestHash: try cells.bytes(1), status: try cells.status(2) ?? 0,
            response: try cells.bytes(3) ?? Data())
    }

    static func bind(
        _ key: IdempotencyKey, _ outcome: BoundKey.Outcome, hash: Data?, status: Int?, body: Data?, at now: Int64,
        in db: Database
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO idempotency_keys (key, outcome, request_hash, status, response, bound_at)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [key.text, outcome.rawValue, hash, status, body, now])
    }

    static func record(_ entry: LedgerEntry, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO ledger (kind, key, gateway_id, payment_intent, order_id, amount, currency, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            entry.kind.rawValue, entry.key.text, entry.gatewayId, entry.paymentIntent, entry.orderId, entry.amount,
            entry.currency, entry.at,
        ])
    }

    struct Capture: Sendable {
        let amount: Int64
        let currency: String
        let orderId: String
    }

    static func capture(_ paymentIntent: String, in db: Database) throws -> Capture? {
        let statement = try db.cachedStatement(
            sql: "SELECT amount, currency, order_id FROM ledger WHERE gateway_id = ? AND kind = 'capture'")
        guard let row = try Row.fetchOne(statement, arguments: [paymentIntent]) else { return nil }
        let cells = LedgerCells(row: row, table: "ledger")
        return Capture(amount: try cells.whole(0), currency: try cells.text(1), orderId: try cells.text(2))
    }

    static func refunded(_ paymentIntent: String, in db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(
            sql: "SELECT COALESCE(SUM(amount), 0) AS amount FROM ledger WHERE payment_intent = ? AND kind = 'refund'")
        return try Row.fetchOne(statement, arguments: [paymentIntent])
            .map { try LedgerCells(row: $0, table: "ledger").whole(0) } ?? 0
    }
}

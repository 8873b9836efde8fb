import Contracts
import GRDB

/// The gateway's ledger: where money moved.
struct LedgerFacts {
    var entries: [Entry] = []
    /// Outcome by idempotency key.
    var keys: [String: String] = [:]

    struct Entry {
        let number: Int64
        let isRefund: Bool
        let key: String
        let gatewayID: String
        let paymentIntent: String
        /// Nil where the gateway was given something that is no order id.
        let order: OrderID?
        let orderText: String
        let amount: Money
    }

    init(_ db: Database) throws {
        let sql =
            "SELECT entry, kind, key, gateway_id, payment_intent, order_id, amount, currency FROM ledger ORDER BY entry"
        try db.forEachRow(sql) { row in
            let order: String = row[5]
            entries.append(
                Entry(
                    number: row[0], isRefund: row[1] == "refund", key: row[2], gatewayID: row[3], paymentIntent: row[4],
                    order: OrderID(order), orderText: order, amount: Money(amount: row[6], currency: row[7])))
        }
        try db.forEachRow("SELECT key, outcome FROM idempotency_keys") { keys[$0[0]] = $0[1] }
    }

    /// Number of the last entry there is now; 0 where there is none.
    static func lastEntry(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT MAX(entry) FROM ledger") ?? 0
    }
}

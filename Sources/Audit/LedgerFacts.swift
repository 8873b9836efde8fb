import Contracts
import Foundation
import GRDB

/// The gateway's ledger: where money moved.
struct LedgerFacts {
    var entries: [Entry] = []
    /// What each idempotency key is bound to.
    var keys: [String: Binding] = [:]

    struct Binding {
        /// `captured`, `declined`, `voided` or `refunded`.
        let outcome: String
        /// The gateway's id of the capture or refund, as it was answered.
        let gatewayID: String?
        let declineCode: String?
        let isAnswered: Bool
        /// HTTP's, of the answer on record.
        let status: Int64?
    }

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
        let decoder = JSONDecoder()
        try db.forEachRow("SELECT key, outcome, response, status FROM idempotency_keys") { row in
            // Nil: what was answered cannot be read, and agrees with nothing.
            let answer = try? decoder.decode(Answer.self, from: Data(row.bytes(2)))
            keys[row[0]] = Binding(
                outcome: row[1], gatewayID: answer?.id, declineCode: answer?.error?.decline_code,
                isAnswered: !row.hasNull(atIndex: 2), status: row[3])
        }
    }

    /// A payment intent or a refund, or why the card's bank declined: in Stripe's shape.
    private struct Answer: Decodable {
        struct Failure: Decodable {
            let decline_code: String?
        }

        let id: String?
        let error: Failure?
    }

    /// Number of the last entry there is now; 0 where there is none.
    static func lastEntry(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT MAX(entry) FROM ledger") ?? 0
    }
}

package import Contracts
import Foundation
package import GRDB

/// What Analytics knows of one order.
package struct OrderFacts: Sendable {
    package let order: OrderID
    /// Nil while only later facts came.
    package let createdAt: Timestamp?
    package let total: Money?
    /// `confirmed` or `cancelled`; nil while it is on its way.
    package let outcome: String?
    package let reason: String?
    package let progress: OrderProgress
    /// The latest time of its facts.
    package let movedAt: Timestamp

    /// Nil for an order of which nothing is known here.
    package init?(_ order: OrderID, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT created_at, amount, currency, outcome, reason, seen, moved_at FROM order_facts WHERE order_id = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [Data(order.bytes)]) else { return nil }
        self.order = order
        createdAt = (row[0] as Int64?).map(Timestamp.init(microseconds:))
        if let amount = row[1] as Int64?, let currency = row[2] as String? {
            total = Money(amount: amount, currency: currency)
        } else {
            total = nil
        }
        outcome = row[3]
        reason = row[4]
        progress = OrderProgress(rawValue: row[5])
        movedAt = Timestamp(microseconds: row[6])
    }
}

extension OrderFactStore {
    /// Orders that were reported and have no outcome yet, the oldest first.
    static func reportedStuck(_ count: Int, _ db: Database) throws -> [DashboardFigures.Stuck] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT f.order_id, f.seen, f.moved_at, r.reports FROM stuck_reports r JOIN order_facts f USING (order_id)
                WHERE f.outcome IS NULL ORDER BY f.created_at LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: [count]).compactMap { row in
            OrderID(bytes: row[0] as Data).map { order in
                DashboardFigures.Stuck(
                    order: order, waitsFor: OrderProgress(rawValue: row[1]).waitsFor,
                    since: Timestamp(microseconds: row[2]), reports: row[3])
            }
        }
    }
}

package import Contracts
import Delivery
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
        let cell = Cells(row, of: "order_facts")
        createdAt = try cell(0)
        if let amount: Int64 = try cell(1, as: Int64?.self), let currency = try cell(2, as: String?.self) {
            total = Money(amount: amount, currency: currency)
        } else {
            total = nil
        }
        outcome = try cell(3)
        reason = try cell(4)
        progress = OrderProgress(rawValue: try cell(5))
        movedAt = try cell(6)
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
        return try Row.fetchAll(statement, arguments: [count]).map { row in
            let cell = Cells(row, of: "order_facts")
            return DashboardFigures.Stuck(
                order: try cell(0), waitsFor: OrderProgress(rawValue: try cell(1)).waitsFor, since: try cell(2),
                reports: try cell(3))
        }
    }
}

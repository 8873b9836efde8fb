import Contracts
import Delivery
import Foundation
import GRDB

/// SQL of `order_facts`: a row an order, to which facts of four topics come in any order.
enum OrderFactStore {
    /// A fact that says nothing more than that it happened.
    static func saw(_ fact: OrderProgress, _ order: OrderID, at time: Timestamp, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO order_facts (order_id, seen, moved_at) VALUES (?, ?, ?)
                ON CONFLICT (order_id) DO UPDATE SET seen = seen | excluded.seen, moved_at = max(moved_at, excluded.moved_at)
                """
        ).execute(arguments: [Data(order.bytes), fact.rawValue, time.microseconds])
    }

    static func created(_ order: OrderID, total: Money, at time: Timestamp, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO order_facts (order_id, created_at, amount, currency, seen, moved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?2)
                ON CONFLICT (order_id) DO UPDATE SET created_at = excluded.created_at, amount = excluded.amount,
                    currency = excluded.currency, seen = seen | excluded.seen, moved_at = max(moved_at, excluded.moved_at)
                """
        ).execute(arguments: [
            Data(order.bytes), time.microseconds, total.amount, total.currency, OrderProgress.created.rawValue,
        ])
    }

    /// The outcome, which a refund replaces. Returns the time from creation where it is the order's first.
    static func ended(
        _ order: OrderID, _ outcome: String, _ fact: OrderProgress, reason: String?, at time: Timestamp, _ db: Database
    ) throws -> Duration? {
        let known = try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT created_at, outcome FROM order_facts WHERE order_id = ?"),
            arguments: [Data(order.bytes)])
        try db.cachedStatement(
            sql: """
                INSERT INTO order_facts (order_id, outcome, reason, outcome_at, seen, moved_at) VALUES (?1, ?2, ?3, ?4, ?5, ?4)
                ON CONFLICT (order_id) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
                    outcome_at = excluded.outcome_at, seen = seen | excluded.seen, moved_at = max(moved_at, excluded.moved_at)
                """
        ).execute(arguments: [Data(order.bytes), outcome, reason, time.microseconds, fact.rawValue])
        guard let cell = known.map({ Cells($0, of: "order_facts") }), let created = try cell(0, as: Timestamp?.self),
            try cell(1, as: String?.self) == nil
        else { return nil }
        return time - created
    }

    // MARK: - Orders on their way

    struct Pending {
        let order: OrderID
        let progress: OrderProgress
        let movedAt: Timestamp
        /// How often it was reported.
        let reports: Int64
    }

    /// Orders without outcome whose next report is due: the first at the age of `limit`, each further one at twice the age
    /// of the one before. Oldest first. Leaves out those of which an event waits or lies at the desk: what became of them
    /// is not known here.
    ///
    /// - Parameters:
    ///   - latest: of what is stamped later, nothing is as old as `limit`.
    ///   - age: of a stamp.
    static func stuck(
        createdBy latest: Timestamp, limit: Duration, count: Int, age: (Timestamp) -> Duration, _ db: Database
    ) throws -> [Pending] {
        let held = try String.fetchSet(
            db, sql: "SELECT subject FROM parked UNION SELECT subject FROM dead_letters WHERE state <> 'redriven'")
        let statement = try db.cachedStatement(
            sql: """
                SELECT f.order_id, f.seen, f.moved_at, coalesce(r.reports, 0), f.created_at
                FROM order_facts f LEFT JOIN stuck_reports r USING (order_id)
                WHERE f.outcome IS NULL AND f.created_at <= ?
                ORDER BY f.created_at
                """)
        let rows = try Row.fetchCursor(statement, arguments: [latest.microseconds])
        var stuck: [Pending] = []
        while stuck.count < count, let row = try rows.next() {
            let cell = Cells(row, of: "order_facts")
            let order: OrderID = try cell(0)
            let due = limit * (1 << min(max(0, try cell.count(3)), 20))
            if age(try cell(4)) < due || held.contains(order.description) { continue }
            stuck.append(
                Pending(
                    order: order, progress: OrderProgress(rawValue: try cell(1)), movedAt: try cell(2),
                    reports: try cell.count(3)))
        }
        return stuck
    }
}

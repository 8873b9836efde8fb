package import Contracts
package import Delivery
import Foundation
package import GRDB

/// The running figures and what belongs to them at the same moment: all of one transaction.
package struct DashboardFigures: Sendable {
    /// An order that was reported stuck and has no outcome yet.
    package struct Stuck: Encodable, Sendable {
        package let order: OrderID
        package let waitsFor: String
        package let since: Timestamp
        package let reports: Int64
    }

    package let figures: Figures
    /// Orders without outcome, counted one by one; `figures.orders.pending` is the difference of two event counts.
    package let pendingCounted: Int64
    /// The product with the fewest pieces; nil without products.
    package let scarcest: Figures.Product?
    /// Those that were placed first, first; at most `maximumStuck`.
    package let stuck: [Stuck]
    package let delivery: DeliverySummary
    /// Events that the figures lack, by type: parked behind a dead letter, dead, or given up on.
    package let setAside: [String: Int64]
    /// Whether the figures are of the log's own events, but for those that were set aside: nothing here waits for a retry,
    /// was corrected or imported, and what was set aside was few enough to be counted.
    package let isLogsOwn: Bool

    package static let maximumStuck = 10
    /// Parked events that are decoded for their type.
    private static let maximumParked = 1000

    package init(_ card: ServiceCard, _ db: Database) throws {
        figures = try Figures(db)
        // Counted in the partial index order_facts_pending, without touching the orders.
        pendingCounted =
            try Int64.fetchOne(
                try db.cachedStatement(
                    sql: "SELECT count(*) FROM order_facts WHERE outcome IS NULL AND created_at IS NOT NULL")) ?? 0
        scarcest = try Row.fetchOne(
            try db.cachedStatement(
                sql: "SELECT product_id, sold, available FROM units ORDER BY available, product_id LIMIT 1")
        ).map(Figures.Product.init(row:))
        stuck = try OrderFactStore.reportedStuck(Self.maximumStuck, db)
        delivery = try DeliverySummary(card, db)
        let parked = try Data.fetchAll(
            try db.cachedStatement(sql: "SELECT event FROM parked LIMIT ?"), arguments: [Self.maximumParked + 1])
        setAside = try Self.setAside(parked, db)
        let standIns =
            try Int64.fetchOne(
                try db.cachedStatement(
                    sql: """
                        SELECT count(*) FROM dead_letters
                        WHERE state = 'redriven' AND (corrected IS NOT NULL OR origin <> 'log')
                        """)) ?? 0
        isLogsOwn = standIns == 0 && delivery.retrying == 0 && parked.count <= Self.maximumParked
    }

    private static func setAside(_ parked: [Data], _ db: Database) throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        let letters = try Row.fetchAll(
            try db.cachedStatement(
                sql: "SELECT type, count(*) FROM dead_letters WHERE state <> 'redriven' GROUP BY type"))
        for row in letters {
            let cell = Cells(row, of: "dead_letters")
            counts[try cell(0), default: 0] += try cell.count(1)
        }
        for event in parked {
            // Bytes that are no event have no type, and count for nothing.
            let type = (try? EventCoding.type(of: [UInt8](event)[...])) ?? ""
            counts[type, default: 0] += 1
        }
        return counts
    }

    /// How many of these orders were placed, and how many of those have no outcome, as Analytics knows them.
    package static func held(_ orders: Set<OrderID>, _ db: Database) throws -> (placed: Int64, pending: Int64) {
        let statement = try db.cachedStatement(
            sql: "SELECT outcome IS NULL FROM order_facts WHERE order_id = ? AND created_at IS NOT NULL")
        var held: (placed: Int64, pending: Int64) = (0, 0)
        for order in orders {
            guard let isPending = try Bool.fetchOne(statement, arguments: [Data(order.bytes)]) else { continue }
            held.placed += 1
            held.pending += isPending ? 1 : 0
        }
        return held
    }

    /// What arrivals and settlements are counted from.
    package struct Counts: Sendable {
        package let created: Int64
        /// Orders with an outcome; a refund is no second one.
        package let settled: Int64

        package init(_ db: Database) throws {
            let rows = try Row.fetchAll(
                try db.cachedStatement(sql: "SELECT type, events FROM event_counts WHERE type IN (?, ?, ?)"),
                arguments: [V1.OrderCreated.type, V1.OrderConfirmed.type, V1.OrderCancelled.type])
            var counts: [String: Int64] = [:]
            for row in rows {
                let cell = Cells(row, of: "event_counts")
                counts[try cell(0)] = try cell.count(1)
            }
            let refunded =
                try Row.fetchOne(
                    try db.cachedStatement(sql: "SELECT orders FROM cancellations WHERE reason = ?"),
                    arguments: [CancellationReason.refunded.rawValue]
                ).map { try Cells($0, of: "cancellations").count(0) } ?? 0
            created = counts[V1.OrderCreated.type] ?? 0
            settled = (counts[V1.OrderConfirmed.type] ?? 0) + (counts[V1.OrderCancelled.type] ?? 0) - refunded
        }
    }
}

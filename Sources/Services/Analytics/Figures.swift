package import Contracts
import Delivery
package import GRDB

/// The running figures at one moment, as a dashboard shows them.
package struct Figures: Codable, Equatable, Sendable {
    package struct Orders: Codable, Equatable, Sendable {
        package var pending: Int64
        package var confirmed: Int64
        package var cancelled: Int64
        /// Cancelled orders by reason; `refunded` ones were confirmed before.
        package var cancelledByReason: [String: Int64]
    }

    package struct Product: Codable, Equatable, Sendable {
        package var productID: String
        /// Pieces, refunded ones taken off.
        package var sold: Int64
        package var available: Int64
    }

    package struct Minute: Codable, Equatable, Sendable {
        /// Where the minute begins.
        package var from: Timestamp
        package var created: Int64
        package var confirmed: Int64
        package var cancelled: Int64
    }

    /// From `OrderCreated` to the first outcome, in milliseconds; at most 19 % too high. Nil without orders.
    package struct Latency: Codable, Equatable, Sendable {
        package var orders: Int64
        package var p50: Double?
        package var p90: Double?
        package var p99: Double?
        package var p999: Double?
        package var max: Double?
    }

    package var orders: Orders
    /// Minor units by currency: confirmed less refunded.
    package var revenue: [String: Int64]
    /// Those that sold most, first.
    package var products: [Product]
    /// The latest last.
    package var minutes: [Minute]
    package var latencyMilliseconds: Latency
    package var events: [String: Int64]
    /// Orders that were reported stuck and have no outcome yet.
    package var stuckOrders: Int64
    /// Products that were reported low at least once.
    package var lowProducts: Int64
}

extension Figures.Product {
    /// - Parameter row: product, pieces sold, pieces available.
    init(row: Row) throws {
        let cell = Cells(row, of: "units")
        self.init(productID: try cell(0), sold: try cell(1), available: try cell(2))
    }
}

extension Figures {
    /// How much of the long lists is shown.
    package struct Limits: Sendable {
        package var products = 50
        package var minutes = 60

        package init() {}
    }

    /// A few indexed reads, whatever the number of orders.
    package init(_ db: Database, limits: Limits = Limits()) throws {
        events = try Self.numbers(db, "event_counts", "SELECT type, events FROM event_counts") { try $0.count(1) }
        revenue = try Self.numbers(db, "revenue", "SELECT currency, amount FROM revenue") { try $0(1) }
        let reasons = try Self.numbers(db, "cancellations", "SELECT reason, orders FROM cancellations") {
            try $0.count(1)
        }
        let cancelled = reasons.values.reduce(0, +)
        let refunded = reasons[CancellationReason.refunded.rawValue, default: 0]
        let confirmedOnce = events[V1.OrderConfirmed.type, default: 0]
        let created = events[V1.OrderCreated.type, default: 0]
        orders = Orders(
            pending: created - confirmedOnce - (cancelled - refunded), confirmed: confirmedOnce - refunded,
            cancelled: cancelled, cancelledByReason: reasons)
        products = try Row.fetchAll(
            db, sql: "SELECT product_id, sold, available FROM units ORDER BY sold DESC, product_id LIMIT ?",
            arguments: [limits.products]
        ).map(Product.init(row:))
        minutes = try Row.fetchAll(
            db, sql: "SELECT minute, created, confirmed, cancelled FROM minutes ORDER BY minute DESC LIMIT ?",
            arguments: [limits.minutes]
        ).reversed().map { row in
            let cell = Cells(row, of: "minutes")
            let (from, overflow) = try cell(0, as: Int64.self).multipliedReportingOverflow(by: 60_000_000)
            guard !overflow else { throw cell.fault(at: 0, expected: "a minute since 1970") }
            return Minute(
                from: Timestamp(microseconds: from), created: try cell(1), confirmed: try cell(2),
                cancelled: try cell(3))
        }
        let buckets = try LatencyBucket.counts(db)
        latencyMilliseconds = Latency(
            orders: buckets.reduce(0) { $0 + $1.orders }, p50: LatencyBucket.percentile(0.5, of: buckets),
            p90: LatencyBucket.percentile(0.9, of: buckets), p99: LatencyBucket.percentile(0.99, of: buckets),
            p999: LatencyBucket.percentile(0.999, of: buckets), max: LatencyBucket.percentile(1, of: buckets))
        stuckOrders =
            try Int64.fetchOne(
                db, sql: "SELECT count(*) FROM stuck_reports JOIN order_facts USING (order_id) WHERE outcome IS NULL")
            ?? 0
        lowProducts =
            try Int64.fetchOne(
                db, sql: "SELECT count(*) FROM low_stock_reports") ?? 0
    }

    private static func numbers(
        _ db: Database, _ table: String, _ sql: String, _ number: (Cells) throws -> Int64
    ) throws -> [String: Int64] {
        var numbers: [String: Int64] = [:]
        for row in try Row.fetchAll(db, sql: sql) {
            let cell = Cells(row, of: table)
            numbers[try cell(0)] = try number(cell)
        }
        return numbers
    }
}

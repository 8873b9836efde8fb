import Contracts
import Delivery
import Foundation
import GRDB

/// SQL of the running figures: sums and counts, so that facts commute.
enum FigureStore {
    static func count(_ type: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO event_counts (type, events) VALUES (?, 1)
                ON CONFLICT (type) DO UPDATE SET events = events + 1
                """
        ).execute(arguments: [type])
    }

    /// - Parameter amount: minor units; negative for what was paid back.
    static func earn(_ amount: Int64, _ currency: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO revenue (currency, amount) VALUES (?, ?)
                ON CONFLICT (currency) DO UPDATE SET amount = amount + excluded.amount
                """
        ).execute(arguments: [currency, amount])
    }

    static func cancel(for reason: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO cancellations (reason, orders) VALUES (?, 1)
                ON CONFLICT (reason) DO UPDATE SET orders = orders + 1
                """
        ).execute(arguments: [reason])
    }

    /// - Parameter orders: milliseconds went by for one order.
    static func took(_ duration: Duration, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO latency (bucket, orders) VALUES (?, 1)
                ON CONFLICT (bucket) DO UPDATE SET orders = orders + 1
                """
        ).execute(arguments: [LatencyBucket.of(duration)])
    }

    /// What is taken off instead of added.
    static func negated(_ number: Int64) throws -> Int64 {
        guard number > .min else {
            throw EventFault.brokenRule("\(number) cannot be taken off: its opposite leaves 64 bits")
        }
        return -number
    }

    // MARK: - Minutes

    static func minute(
        _ time: Timestamp, created: Int64 = 0, confirmed: Int64 = 0, cancelled: Int64 = 0, _ db: Database
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO minutes (minute, created, confirmed, cancelled) VALUES (?, ?, ?, ?)
                ON CONFLICT (minute) DO UPDATE SET created = created + excluded.created,
                    confirmed = confirmed + excluded.confirmed, cancelled = cancelled + excluded.cancelled
                """
        ).execute(arguments: [time.microseconds / 60_000_000, created, confirmed, cancelled])
    }

    // MARK: - Products

    /// - Parameters: pieces, negative where they come back or go.
    static func move(_ product: String, sold: Int64 = 0, available: Int64 = 0, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO units (product_id, sold, available) VALUES (?, ?, ?)
                ON CONFLICT (product_id) DO UPDATE SET sold = sold + excluded.sold, available = available + excluded.available
                """
        ).execute(arguments: [product, sold, available])
    }

    static func available(_ product: String, _ db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT available FROM units WHERE product_id = ?")
        return try Row.fetchOne(statement, arguments: [product]).map { try Cells($0, of: "units")(0) } ?? 0
    }
}

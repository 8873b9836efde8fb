import Contracts
import GRDB

/// Analytics' figures: as its tables say them, or as they follow from the log.
struct Figures: Equatable {
    var orders: [OrderID: OrderFigure] = [:]
    /// Confirmed less refunded, minor units by currency.
    var revenue: [String: Int128] = [:]
    /// Pieces by product.
    var units: [String: Units] = [:]
    /// By minute since 1970.
    var minutes: [Int64: Minute] = [:]
    /// Orders by bucket of the time to their first outcome.
    var latency: [Int64: Int64] = [:]
    var eventCounts: [String: Int64] = [:]
    /// Cancelled orders by reason; nil where there is no such table.
    var cancellations: [String: Int64]?

    struct OrderFigure: Equatable {
        var createdAt: Int64?
        var outcome: String?
        var reason: String?
        var outcomeAt: Int64?
        var amount: Int64?
        var currency: String?
    }

    struct Units: Equatable {
        var sold: Int128 = 0
        var available: Int128 = 0
    }

    struct Minute: Equatable {
        var created: Int64 = 0
        var confirmed: Int64 = 0
        var cancelled: Int64 = 0
    }

    init() {}

    /// As the tables say them.
    init(_ db: Database) throws {
        let facts = "SELECT order_id, created_at, outcome, reason, outcome_at, amount, currency FROM order_facts"
        try db.forEachRow(facts) { row in
            guard let id: OrderID = row.identifier(0) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an order id that is not 16 bytes")
            }
            orders[id] = OrderFigure(
                createdAt: row[1], outcome: row[2], reason: row[3], outcomeAt: row[4], amount: row[5], currency: row[6])
        }
        try db.forEachRow("SELECT currency, amount FROM revenue") { revenue[$0[0]] = Int128($0[1] as Int64) }
        try db.forEachRow("SELECT product_id, sold, available FROM units") { row in
            units[row[0]] = Units(sold: Int128(row[1] as Int64), available: Int128(row[2] as Int64))
        }
        try db.forEachRow("SELECT minute, created, confirmed, cancelled FROM minutes") { row in
            minutes[row[0]] = Minute(created: row[1], confirmed: row[2], cancelled: row[3])
        }
        try db.forEachRow("SELECT bucket, orders FROM latency") { latency[$0[0]] = $0[1] }
        try db.forEachRow("SELECT type, events FROM event_counts") { eventCounts[$0[0]] = $0[1] }
        if try db.tableExists("cancellations") {
            var found: [String: Int64] = [:]
            try db.forEachRow("SELECT reason, orders FROM cancellations") { found[$0[0]] = $0[1] }
            cancellations = found
        }
    }
}

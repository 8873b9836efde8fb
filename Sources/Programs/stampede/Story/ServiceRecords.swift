import Contracts
import Foundation
import GRDB

/// What one service's database holds of an order.
struct ServiceRecords {
    let service: ServiceName
    /// Rows by what they are: `order`, `reservation`, `payment`, …
    var rows: [(name: String, records: [JSONValue])] = []
    var parked: [JSONValue] = []
    var deadLetters: [JSONValue] = []
    /// Calls to the outside, with or without an answer.
    var calls: [JSONValue] = []
    /// Types of the order's events that are decided but not yet in the log.
    var unpublished: [String] = []
    /// Nil while the service's consumer is not paused.
    var paused: ConsumerPause?
    /// Next offset by topic.
    var positions: [String: UInt64] = [:]

    var isEmpty: Bool {
        rows.allSatisfy(\.records.isEmpty) && parked.isEmpty && deadLetters.isEmpty && calls.isEmpty
            && unpublished.isEmpty
    }

    func first(_ name: String) -> JSONValue? { rows.first { $0.name == name }?.records.first }

    private static func tables(of service: ServiceName) -> [(name: String, sql: String)] {
        switch service {
        case .order: [("order", "SELECT * FROM orders WHERE order_id = ?")]
        case .inventory: [("reservation", "SELECT * FROM reservations WHERE order_id = ?")]
        case .payment:
            [
                ("payment", "SELECT * FROM payments WHERE order_id = ?"),
                ("cancellationRequest", "SELECT * FROM cancellation_requests WHERE order_id = ?"),
            ]
        case .notification: [("notification", "SELECT * FROM notifications WHERE order_id = ? ORDER BY at")]
        case .analytics:
            [
                ("facts", "SELECT * FROM order_facts WHERE order_id = ?"),
                ("stuckReport", "SELECT * FROM stuck_reports WHERE order_id = ?"),
            ]
        }
    }

    /// Nil where the service never had a database.
    ///
    /// - Throws: `Failure.unreadable`.
    static func read(_ service: ServiceName, _ order: OrderID, _ data: DataDirectory) throws -> ServiceRecords? {
        try Evidence.read(data.database(of: service)) { db in
            var records = ServiceRecords(service: service)
            let subject: StatementArguments = [order.description]
            for (name, sql) in tables(of: service) {
                records.rows.append((name, try Evidence.records(db, sql, [Data(order.bytes)])))
            }
            records.parked = try Evidence.records(
                db, "SELECT * FROM parked WHERE subject = ? ORDER BY arrival", subject)
            records.deadLetters = try Evidence.records(
                db, "SELECT * FROM dead_letters WHERE subject = ? ORDER BY died_at", subject)
            records.calls = try Evidence.records(
                db, "SELECT * FROM intents WHERE subject = ? ORDER BY recorded_at, key", subject)
            records.paused = try ConsumerPause.read(db)
            records.unpublished = try unpublished(WantedOrder(order), db)
            for row in try Row.fetchAll(db, sql: "SELECT topic, next_offset FROM consumer_positions") {
                records.positions[row["topic"]] = UInt64(max(0, row["next_offset"] as Int64))
            }
            return records
        }
    }

    private static func unpublished(_ order: WantedOrder, _ db: Database) throws -> [String] {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT event FROM outbox LEFT JOIN outbox_topics USING (topic)
                WHERE sequence > coalesce(published_sequence, 0) ORDER BY topic, sequence
                """)
        var types: [String] = []
        while let row = try rows.next() {
            let event = [UInt8](row["event"] as Data)
            guard event.withUnsafeBytes({ EventHead($0)?.belongs(to: order) ?? false }) else { continue }
            // Damaged bytes are the relay's to complain of.
            if let envelope = try? EventCoding.decode(event) { types.append(envelope.type) }
        }
        return types
    }
}

/// What the gateway's own books hold of an order.
struct GatewayRecords {
    var keys: [JSONValue] = []
    var ledger: [JSONValue] = []

    var isEmpty: Bool { keys.isEmpty && ledger.isEmpty }

    /// - Throws: `Failure.unreadable`.
    static func read(_ order: OrderID, _ data: DataDirectory) throws -> GatewayRecords? {
        try Evidence.read(data.ledger) { db in
            GatewayRecords(
                keys: try Evidence.records(
                    db, "SELECT * FROM idempotency_keys WHERE key IN (?, ?) ORDER BY bound_at",
                    ["charge:\(order)", "refund:\(order)"]),
                ledger: try Evidence.records(
                    db, "SELECT * FROM ledger WHERE order_id = ? ORDER BY entry", [order.description]))
        }
    }
}

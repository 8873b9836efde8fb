import Contracts
import GRDB

/// What the gateway's own books hold of an order, and whether it runs.
struct GatewayRecords {
    var keys: [JSONValue] = []
    var ledger: [JSONValue] = []

    var isEmpty: Bool { keys.isEmpty && ledger.isEmpty }

    /// - Throws: `Failure.unreadable`.
    static func read(_ order: OrderID, _ data: DataDirectory) throws -> GatewayRecords? {
        try Evidence.read(data.ledger) { db in
            let keys: StatementArguments = ["charge:\(order)", "refund:\(order)"]
            return GatewayRecords(
                keys: try Evidence.records(
                    db, "SELECT * FROM idempotency_keys WHERE key IN (?, ?) ORDER BY bound_at", keys),
                ledger: try Evidence.records(db, "SELECT * FROM ledger WHERE key IN (?, ?) ORDER BY entry", keys))
        }
    }
}

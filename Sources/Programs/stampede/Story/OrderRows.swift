import Contracts
import Foundation
import GRDB

/// SQL of what a service's own tables say of an order, and its calls to the outside.
enum OrderRows {
    static func tables(of service: ServiceName) -> [(name: String, sql: String)] {
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

    /// By their keys, which name the order; and open ones of other keys, which `intents_open` lists.
    static func calls(_ order: OrderID, _ db: Database) throws -> [JSONValue] {
        try Evidence.records(
            db,
            """
            SELECT * FROM intents WHERE key IN ('charge:' || ?1, 'refund:' || ?1)
            UNION SELECT * FROM intents WHERE key >= 'mail:' || ?1 || ':' AND key < 'mail:' || ?1 || ';'
            UNION SELECT * FROM intents WHERE state = 'open' AND subject = ?1
            ORDER BY recorded_at, key
            """, [order.description])
    }
}

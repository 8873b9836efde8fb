import Contracts
import Delivery
import Foundation
import GRDB

/// Orders by their state, each list by an index.
struct OrderBook {
    struct Reason {
        let name: String
        let orders: Int64
    }

    let data: DataDirectory

    func newest(_ number: Int) throws -> [OrderID] {
        try orders(.order, "SELECT order_id FROM orders ORDER BY order_id DESC LIMIT ?", [number])
    }

    /// How many orders were cancelled, by reason, the commonest first.
    func reasons() throws -> [Reason] {
        try Evidence.read(data.database(of: .order)) { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT reason, count(*) AS orders FROM orders WHERE status = 'cancelled'
                    GROUP BY reason ORDER BY orders DESC, reason
                    """
            ).map { row in
                let cell = Cells(row, of: "orders")
                return Reason(name: try cell(0, as: String?.self) ?? "no reason given", orders: try cell(1))
            }
        } ?? []
    }

    func cancelled(for reason: String, _ number: Int) throws -> [OrderID] {
        try orders(
            .order,
            "SELECT order_id FROM orders WHERE status = 'cancelled' AND reason = ? ORDER BY order_id DESC LIMIT ?",
            [reason, number])
    }

    /// Oldest first; of Analytics' database, which keeps them at hand, and lags behind the others.
    func pending(_ number: Int) throws -> [OrderID] {
        try orders(
            .analytics,
            """
            SELECT order_id FROM order_facts WHERE outcome IS NULL AND created_at IS NOT NULL
            ORDER BY created_at LIMIT ?
            """, [number])
    }

    private func orders(_ service: ServiceName, _ sql: String, _ arguments: StatementArguments) throws -> [OrderID] {
        try Evidence.read(data.database(of: service)) { db in
            try Data.fetchAll(db, sql: sql, arguments: arguments).compactMap { OrderID(bytes: $0) }
        } ?? []
    }
}

extension HeldOrders {
    /// By desk.
    var counts: [OrderBook.Reason] {
        ServiceName.allCases.compactMap { service in
            let orders = first.values.filter { $0.service == service }.count
            return orders == 0
                ? nil : OrderBook.Reason(name: "held at \(service.rawValue)'s desk", orders: Int64(orders))
        }
    }
}

import Contracts
import GRDB

/// What the services' own tables say, as far as an invariant asks.
struct DomainFacts {
    /// Order.
    var orders: [OrderID: OrderRow]?
    var prices: PriceHistory?
    /// Inventory.
    var stock: [String: StockRow]?
    var reservations: Set<OrderID>?
    /// Payment.
    var payments: Set<OrderID>?
    /// What Payment asks the gateway, recorded before it is asked.
    var charges: PaymentCalls?
    /// Notification: an order's kinds.
    var notifications: [OrderID: [NotificationRow]]?
    /// Notification: how it sends.
    var mail: MailFacts?
    /// Analytics.
    var figures: Figures?

    struct OrderRow {
        let status: String
        let reason: String?
        let total: Money
        let idempotencyKey: String
    }

    struct StockRow: Equatable {
        var available: Int64
        var reserved: Int64
    }

    struct NotificationRow {
        let kind: String
        let event: EventID?
        let messageID: String
        let state: String
    }

    mutating func read(_ service: ServiceName, _ db: Database) throws {
        switch service {
        case .order:
            orders = try Self.orders(db)
            prices = try PriceHistory(db)
        case .inventory:
            stock = try Self.stock(db)
            reservations = try Self.ids(db, "SELECT order_id FROM reservations")
        case .payment:
            payments = try Self.ids(db, "SELECT order_id FROM payments")
            charges = try PaymentCalls(db)
        case .notification:
            notifications = try Self.notifications(db)
            mail = try MailFacts(db)
        case .analytics: figures = try Figures(db)
        }
    }

    private static func id(_ row: Row) throws -> OrderID {
        guard let id: OrderID = row.identifier(0) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an order id that is not 16 bytes")
        }
        return id
    }

    private static func ids(_ db: Database, _ sql: String) throws -> Set<OrderID> {
        var ids: Set<OrderID> = []
        try db.forEachRow(sql) { ids.insert(try id($0)) }
        return ids
    }

    private static func orders(_ db: Database) throws -> [OrderID: OrderRow] {
        var orders: [OrderID: OrderRow] = [:]
        let sql = "SELECT order_id, status, reason, total_amount, currency, idempotency_key FROM orders"
        try db.forEachRow(sql) { row in
            orders[try id(row)] = OrderRow(
                status: row[1], reason: row[2], total: Money(amount: row[3], currency: row[4]), idempotencyKey: row[5])
        }
        return orders
    }

    private static func stock(_ db: Database) throws -> [String: StockRow] {
        var stock: [String: StockRow] = [:]
        try db.forEachRow("SELECT product_id, available, reserved FROM stock") { row in
            stock[row[0]] = StockRow(available: row[1], reserved: row[2])
        }
        return stock
    }

    private static func notifications(_ db: Database) throws -> [OrderID: [NotificationRow]] {
        var notifications: [OrderID: [NotificationRow]] = [:]
        try db.forEachRow("SELECT order_id, kind, event_id, message_id, state FROM notifications") { row in
            notifications[try id(row), default: []].append(
                NotificationRow(kind: row[1], event: row.identifier(2), messageID: row[3], state: row[4]))
        }
        return notifications
    }
}

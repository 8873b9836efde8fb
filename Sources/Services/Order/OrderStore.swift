package import Contracts
import Delivery
import Foundation
package import GRDB

/// Order's tables and queries.
package enum OrderStore {
    static let digest = DigestTable(
        "orders", key: ["order_id"],
        columns: [
            "order_id", "customer_id", "email", "lines", "total_amount", "currency", "idempotency_key", "body_hash",
            "status",
            "reason", "created_at", "updated_at", "cancellation_requested_at",
        ])

    @Sendable static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS orders (
                    order_id BLOB PRIMARY KEY, customer_id TEXT NOT NULL, email TEXT NOT NULL, lines TEXT NOT NULL,
                    total_amount INTEGER NOT NULL, currency TEXT NOT NULL, idempotency_key TEXT NOT NULL UNIQUE,
                    body_hash TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL, cancellation_requested_at INTEGER
                ) STRICT, WITHOUT ROWID;
                -- For operators: a customer's orders, and those that failed, by reason; each in the order of time.
                CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_id);
                CREATE INDEX IF NOT EXISTS orders_cancelled ON orders (reason) WHERE status = 'cancelled';
                CREATE TABLE IF NOT EXISTS products (
                    product_id TEXT PRIMARY KEY, name TEXT NOT NULL, unit_price INTEGER NOT NULL, currency TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                -- Every price that ever held, each from a sequence of `orders` on. For the audit.
                CREATE TABLE IF NOT EXISTS prices (
                    product_id TEXT NOT NULL, from_sequence INTEGER NOT NULL, unit_price INTEGER NOT NULL,
                    currency TEXT NOT NULL, PRIMARY KEY (product_id, from_sequence)
                ) STRICT, WITHOUT ROWID;
                """)
        try Catalog.beginHistory(db)
    }

    // MARK: - Orders

    package static func order(_ id: OrderID, _ db: Database) throws -> StoredOrder? {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT \(columns) FROM orders WHERE order_id = ?"), arguments: [Data(id.bytes)]
        ).map(decode)
    }

    /// Whether any order was ever taken.
    package static func hasOrders(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM orders)") ?? false
    }

    static func order(idempotencyKey: String, _ db: Database) throws -> StoredOrder? {
        #if MUTANTS
            if Mutant.checkoutKeyIgnored.isOn { return nil }
        #endif
        return try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT \(columns) FROM orders WHERE idempotency_key = ?"),
            arguments: [idempotencyKey]
        ).map(decode)
    }

    static func insert(_ order: OrderID, _ fact: V1.OrderCreated, at time: Timestamp, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO orders (order_id, customer_id, email, lines, total_amount, currency, idempotency_key, body_hash,
                    status, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)
                """)
        try statement.execute(arguments: [
            Data(order.bytes), fact.customerID, fact.email, String(decoding: fact.lines.canonicalBytes, as: UTF8.self),
            fact.total.amount,
            fact.total.currency, fact.idempotencyKey, fact.bodyHash, time.microseconds, time.microseconds,
        ])
    }

    static func setStatus(
        _ status: OrderStatus, reason: CancellationReason?, of order: OrderID, at time: Timestamp, _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE orders SET status = ?, reason = ?, updated_at = ? WHERE order_id = ?")
        try statement.execute(arguments: [status.rawValue, reason?.rawValue, time.microseconds, Data(order.bytes)])
        try requireOneRow(order, db)
    }

    static func setCancellationRequested(_ order: OrderID, at time: Timestamp, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE orders SET cancellation_requested_at = ?, updated_at = ? WHERE order_id = ?",
            arguments: [time.microseconds, time.microseconds, Data(order.bytes)])
        try requireOneRow(order, db)
    }

    private static func requireOneRow(_ order: OrderID, _ db: Database) throws {
        guard db.changesCount == 1 else { throw EventFault.brokenRule("order \(order) is not known here") }
    }

    private static let columns = digest.columns.joined(separator: ", ")

    /// By position in `columns`: a name is searched for in every row.
    private static func decode(_ row: Row) throws -> StoredOrder {
        let cell = Cells(row, of: "orders")
        guard let status = OrderStatus(rawValue: try cell(8)) else {
            throw cell.fault(at: 8, expected: "a status of an order")
        }
        guard let lines = try? [OrderLine].decoded(fromJSON: Array(try cell(3, as: String.self).utf8)) else {
            throw cell.fault(at: 3, expected: "lines of an order")
        }
        return StoredOrder(
            orderID: try cell(0), customerID: try cell(1), email: try cell(2), lines: lines,
            total: Money(amount: try cell(4), currency: try cell(5)),
            idempotencyKey: try cell(6), bodyHash: try cell(7), status: status,
            reason: try cell(9, as: String?.self).flatMap(CancellationReason.init),
            createdAt: try cell(10), updatedAt: try cell(11), cancellationRequestedAt: try cell(12))
    }
}

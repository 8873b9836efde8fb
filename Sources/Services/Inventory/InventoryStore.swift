import Contracts
import Delivery
import Foundation
package import GRDB

/// Inventory's tables and queries.
package enum InventoryStore {
    static let digest = [
        DigestTable("stock", key: ["product_id"], columns: ["product_id", "available", "reserved"]),
        DigestTable(
            "reservations", key: ["order_id"],
            columns: ["order_id", "state", "lines", "decided_at", "expires_at", "released_at"]),
        DigestTable(
            "adjustments", key: ["adjustment_key", "product_id"],
            columns: ["adjustment_key", "product_id", "delta", "reason", "at"]),
    ]

    @Sendable static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                -- reserved: set aside and not released, what was sold included.
                CREATE TABLE IF NOT EXISTS stock (
                    product_id TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0),
                    reserved INTEGER NOT NULL CHECK (reserved >= 0)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS reservations (
                    order_id BLOB PRIMARY KEY, state TEXT NOT NULL, lines TEXT NOT NULL, decided_at INTEGER NOT NULL,
                    expires_at INTEGER, released_at INTEGER
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS adjustments (
                    adjustment_key TEXT NOT NULL, product_id TEXT NOT NULL, delta INTEGER NOT NULL, reason TEXT NOT NULL,
                    at INTEGER NOT NULL, PRIMARY KEY (adjustment_key, product_id)
                ) STRICT, WITHOUT ROWID;
                """)
    }

    // MARK: - Stock

    /// Nil for a product that was never stocked.
    package static func available(_ product: String, _ db: Database) throws -> Int64? {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT available FROM stock WHERE product_id = ?"), arguments: [product]
        ).map { try Cells($0, of: "stock").count(0) }
    }

    /// Moves pieces between available and reserved; the table's CHECK is the last guard against overselling.
    static func move(_ line: StockLine, toReserved quantity: Int64, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE stock SET available = available - ?1, reserved = reserved + ?1 WHERE product_id = ?2")
        try statement.execute(arguments: [quantity, line.productID])
        guard db.changesCount == 1 else { throw EventFault.brokenRule("product '\(line.productID)' has no stock row") }
    }

    static func adjust(_ product: String, by delta: Int64, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO stock (product_id, available, reserved) VALUES (?, ?, 0)
                ON CONFLICT (product_id) DO UPDATE SET available = available + excluded.available
                """)
        // A negative first row would break the CHECK before the conflict clause is looked at.
        if delta < 0 {
            try db.execute(
                sql: "UPDATE stock SET available = available + ? WHERE product_id = ?", arguments: [delta, product])
            guard db.changesCount == 1 else {
                throw EventFault.brokenRule("product '\(product)' has no stock to take from")
            }
        } else {
            try statement.execute(arguments: [product, delta])
        }
    }

    // MARK: - Adjustments

    static func isAdjusted(_ product: String, key: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM adjustments WHERE adjustment_key = ? AND product_id = ?)"),
            arguments: [key, product]) ?? false
    }

    static func insertAdjustment(_ product: String, _ fact: V1.StockAdjusted, at time: Timestamp, _ db: Database) throws
    {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO adjustments (adjustment_key, product_id, delta, reason, at) VALUES (?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            fact.adjustmentKey, product, fact.delta, fact.reason.rawValue, time.microseconds,
        ])
    }

    // MARK: - Reservations

    static func reservation(_ order: OrderID, _ db: Database) throws -> (state: ReservationState, lines: [StockLine])? {
        guard
            let row = try Row.fetchOne(
                try db.cachedStatement(sql: "SELECT state, lines FROM reservations WHERE order_id = ?"),
                arguments: [Data(order.bytes)])
        else { return nil }
        let cell = Cells(row, of: "reservations")
        guard let state = ReservationState(rawValue: try cell(0)) else {
            throw cell.fault(at: 0, expected: "a state of a reservation")
        }
        guard let lines = try? [StockLine].decoded(fromJSON: Array(try cell(1, as: String.self).utf8)) else {
            throw cell.fault(at: 1, expected: "lines of an order")
        }
        return (state, lines)
    }

    static func reservationExists(_ order: OrderID, _ db: Database) throws -> Bool {
        #if MUTANTS
            if Mutant.reservationRepeated.isOn { return false }
        #endif
        return try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM reservations WHERE order_id = ?)"),
            arguments: [Data(order.bytes)]) ?? false
    }

    static func insertReservation(
        _ order: OrderID, _ state: ReservationState, lines: [StockLine], at time: Timestamp, expiresAt: Timestamp?,
        _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO reservations (order_id, state, lines, decided_at, expires_at) VALUES (?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            Data(order.bytes), state.rawValue, String(decoding: lines.canonicalBytes, as: UTF8.self),
            time.microseconds,
            expiresAt?.microseconds,
        ])
    }

    static func setReleased(_ order: OrderID, at time: Timestamp, _ db: Database) throws {
        try db.execute(
            sql:
                "UPDATE reservations SET state = 'released', released_at = ? WHERE order_id = ? AND state = 'reserved'",
            arguments: [time.microseconds, Data(order.bytes)])
        #if MUTANTS
            if Mutant.stockReleasedTwice.isOn { return }
        #endif
        guard db.changesCount == 1 else { throw EventFault.brokenRule("order \(order) holds no stock to release") }
    }
}

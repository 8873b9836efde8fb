import Foundation
import GRDB

/// Every column of every table of a run's databases, to be damaged with each of a dozen values.
package struct DamagedCells {
    /// One value in one cell: of the table's first row.
    package struct Damage: Sendable, CustomStringConvertible {
        let path: String
        let table: String
        let column: String
        let value: Value

        /// `order.db orders.status`
        package var place: String { "\((path as NSString).lastPathComponent) \(table).\(column)" }
        package var description: String { "\(place): \(value.name)" }
    }

    struct Value: Sendable {
        let name: String
        let cell: DatabaseValue
    }

    private static let values = [
        Value(name: "-1", cell: (-1).databaseValue), Value(name: "0", cell: 0.databaseValue),
        Value(name: "-2^63", cell: Int64.min.databaseValue), Value(name: "2^63-1", cell: Int64.max.databaseValue),
        Value(name: "text", cell: "abc".databaseValue), Value(name: "no text", cell: "".databaseValue),
        Value(name: "a number as text", cell: "12".databaseValue), Value(name: "NULL", cell: .null),
        Value(name: "a short blob", cell: Data([1, 2, 3]).databaseValue),
        Value(name: "a blob like an id", cell: Data(repeating: 7, count: 16).databaseValue),
        Value(name: "a real number", cell: 1.5.databaseValue),
        Value(name: "a megabyte of text", cell: String(repeating: "x", count: 1 << 20).databaseValue),
    ]

    /// Tables without rows have no cell to damage.
    package static func all(in directory: String) throws -> [Damage] {
        try EvidenceTables.paths(in: directory).flatMap { path -> [Damage] in
            let database = try DatabaseQueue(path: path)
            defer { try? database.close() }  // only read
            return try database.read { db in
                let tables = try String.fetchAll(
                    db,
                    sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
                return try tables.flatMap { table -> [Damage] in
                    guard try Row.fetchOne(db, sql: "SELECT 1 FROM \"\(table)\"") != nil else { return [] }
                    return try db.columns(in: table).flatMap { column in
                        values.map { Damage(path: path, table: table, column: column.name, value: $0) }
                    }
                }
            }
        }
    }

    /// As a damaged page or a program without constraints would leave it; false where the cell holds the value already, or
    /// the table's key cannot.
    package static func make(_ damage: Damage) throws -> Bool {
        let database = try DatabaseQueue(path: damage.path)
        defer { try? database.close() }  // put back anyway
        return try database.inDatabase { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON")
            let sql = try String.fetchOne(
                db, sql: "SELECT sql FROM sqlite_schema WHERE name = ?", arguments: [damage.table])
            guard let sql else { return false }
            try define(damage.table, as: loose(sql), db)
            defer { try? define(damage.table, as: sql, db) }  // the damage is seen without it, too
            do {
                try db.execute(
                    sql: """
                        UPDATE "\(damage.table)" SET "\(damage.column)" = ?1
                        WHERE ("\(damage.column)" IS NOT ?1 OR typeof("\(damage.column)") <> typeof(?1))
                            AND "\(damage.column)" IS (SELECT "\(damage.column)" FROM "\(damage.table)" LIMIT 1)
                        """, arguments: [damage.value.cell])
                return db.changesCount > 0
            } catch let error as DatabaseError
                where [.SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_ERROR].contains(error.resultCode)
            {
                return false
            }
        }
    }

    private static func define(_ table: String, as sql: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE sqlite_schema SET sql = ? WHERE name = ?", arguments: [sql, table])
        let version = try Int64.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(sql: "PRAGMA schema_version = \(version + 1)")
        db.clearSchemaCache()
    }

    /// The same table without types and constraints.
    private static func loose(_ sql: String) -> String {
        sql.replacing(" NOT NULL", with: "").replacing(") STRICT, WITHOUT", with: ") WITHOUT")
            .replacing(") STRICT", with: ")").replacing(#/ (INTEGER|TEXT|BLOB)(?! PRIMARY)/#, with: "")
    }
}

import GRDB

/// The numbered changes of a service's tables; SQLite's `user_version` says which a database has.
///
/// 1. Every table is STRICT: SQLite refuses a value of another type, and a sum that leaves 64 bits, which it would else keep
///    as a real number.
package enum DatabaseVersion {
    package static let current: Int64 = 1

    /// Creates the tables where they are missing, and brings those of an older version up to this one.
    ///
    /// - Throws: `DatabaseRefused` for a database that a newer version made.
    static func bringUp(_ db: Database, path: String, createTables: (Database) throws -> Void) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard (0...current).contains(version) else {
            throw DatabaseRefused(
                path: path,
                reason: "its user_version is \(version), this program knows up to \(current): use the newer one")
        }
        if version < 1 { try makeStrict(db, createTables) } else { try createTables(db) }
        if version < current { try db.execute(sql: "PRAGMA user_version = \(current)") }
    }

    /// A table cannot be made STRICT: each is made anew and its rows are copied.
    private static func makeStrict(_ db: Database, _ createTables: (Database) throws -> Void) throws {
        let tables = try names(
            db, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict")
        for table in tables where !table.hasPrefix("sqlite_") {
            // They keep their names when the table is renamed, and would be taken for the new one's.
            let indexes = try names(
                db, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?", [table])
            for index in indexes { try db.execute(sql: "DROP INDEX \(quoted(index))") }
            try db.execute(sql: "ALTER TABLE \(quoted(table)) RENAME TO \(quoted(table + suffix))")
        }
        try createTables(db)
        for table in tables where !table.hasPrefix("sqlite_") {
            guard try db.tableExists(table) else {
                try db.execute(sql: "ALTER TABLE \(quoted(table + suffix)) RENAME TO \(quoted(table))")  // not ours
                continue
            }
            let columns = try names(db, "SELECT name FROM pragma_table_info(?)", [table + suffix]).map(quoted)
                .joined(separator: ", ")
            try db.execute(
                sql: """
                    INSERT INTO \(quoted(table)) (\(columns)) SELECT \(columns) FROM \(quoted(table + suffix));
                    DROP TABLE \(quoted(table + suffix));
                    """)
        }
        // What it makes of rows that are there: they were not when it was called first.
        try createTables(db)
    }

    private static let suffix = "_before_strict"

    private static func names(_ db: Database, _ sql: String, _ arguments: StatementArguments = []) throws -> [String] {
        try String.fetchAll(db, sql: sql, arguments: arguments)
    }

    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }
}

/// The service cannot work with this database, and a restart changes nothing.
package struct DatabaseRefused: Error, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path) is refused: \(reason). Nothing was changed" }
}

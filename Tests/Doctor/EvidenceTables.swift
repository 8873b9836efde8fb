import Foundation
import GRDB
import TestSupport

/// A database of a run: its tables, and how one cell, row or byte of it is changed.
struct EvidenceTables {
    private let path: String
    private let tables: [Table]

    private struct Table {
        let name: String
        let columns: [String]
        /// Of the primary key; `rowid` where there is none.
        let key: [String]
        let rows: Int
    }

    static func paths(in directory: String) -> [String] {
        let folder = directory + "/db"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []  // no folder: no databases
        return names.sorted().map { "\(folder)/\($0)/\($0).db" }.filter { FileManager.default.fileExists(atPath: $0) }
    }

    static func all(in directory: String) throws -> [EvidenceTables] {
        try paths(in: directory).map { try EvidenceTables(path: $0) }
    }

    private init(path: String) throws {
        self.path = path
        // What lies in the write-ahead log goes into the file: a byte changed there counts.
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }  // nothing is lost: the snapshot is taken later
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        tables = try database.read { db in
            let names = try String.fetchAll(
                db,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            return try names.map { name in
                let columns = try db.columns(in: name).map(\.name)
                let key = try db.primaryKey(name).columns
                let rows = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \"\(name)\"") ?? 0
                return Table(name: name, columns: columns, key: key, rows: rows)
            }.filter { $0.rows > 0 }
        }
    }

    private var name: String { (path as NSString).lastPathComponent }

    // MARK: - Changes

    func changeCell(_ random: inout SeededRandom) throws -> Change? {
        guard let table = tables.randomElement(using: &random) else { return nil }
        let column = table.columns[random.below(table.columns.count)]
        let (row, other) = (random.below(table.rows), random.below(table.rows))
        return try write { db in
            guard let (key, value) = try Self.cell(db, table, column, row), let arguments = key else { return nil }
            let donor = try Self.cell(db, table, column, other)?.value
            guard let changed = Self.altered(value, donor, &random), changed != value else { return nil }
            let sql = "UPDATE \"\(table.name)\" SET \"\(column)\" = ? WHERE \(Self.condition(table))"
            try db.execute(sql: sql, arguments: StatementArguments([changed] + arguments))
            guard db.changesCount == 1 else { return nil }
            return Change(
                .cell, "\(name) \(table.name).\(column)", "\(Self.text(arguments)): \(value) → \(changed)")
        }
    }

    /// Removes a row, or adds a copy of one under another key.
    func changeRow(_ random: inout SeededRandom) throws -> Change? {
        guard let table = tables.randomElement(using: &random) else { return nil }
        let row = random.below(table.rows)
        let isRemoval = random.below(2) == 0
        return try write { db in
            guard let column = table.columns.first, let key = try Self.cell(db, table, column, row)?.key else {
                return nil
            }
            if isRemoval {
                let sql = "DELETE FROM \"\(table.name)\" WHERE \(Self.condition(table))"
                try db.execute(sql: sql, arguments: StatementArguments(key))
                return Change(.row, "\(name) \(table.name)", "\(Self.text(key)) removed")
            }
            guard let first = table.key.first, table.columns.contains(first), let old = key.first,
                let new = Self.altered(old, nil, &random), new != old
            else { return nil }
            let values = table.columns.map { $0 == first ? "?" : "\"\($0)\"" }.joined(separator: ", ")
            let sql =
                "INSERT INTO \"\(table.name)\" SELECT \(values) FROM \"\(table.name)\" WHERE \(Self.condition(table))"
            try db.execute(sql: sql, arguments: StatementArguments([new] + key))
            return Change(.row, "\(name) \(table.name)", "\(Self.text(key)) copied to \(new)")
        }
    }

    /// One byte of the file; nil where SQLite reads the same rows and finds nothing wrong: the byte belongs to no row.
    func changeByte(_ random: inout SeededRandom) throws -> Change? {
        let before = try contents()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let byte = random.below(bytes.count)
        bytes[byte] ^= UInt8(1 << random.below(8))
        try bytes.write(to: URL(fileURLWithPath: path))
        let copy = path + "-looked-at"
        try bytes.write(to: URL(fileURLWithPath: copy))
        defer { try? FileManager.default.removeItem(atPath: copy) }  // the snapshot removes what stays
        guard let after = try? Self.contents(copy) else { return Change(.databaseByte, name, "byte \(byte)") }
        if after == before { return nil }
        // Of a byte of one cell, the cell.
        let cells = Set(before).symmetricDifference(after)
        let columns = Set(cells.map { $0.split(separator: "=", maxSplits: 1)[0] })
        let place = cells.count == 2 && columns.count == 1 ? "\(name) \(columns.first ?? "")" : name
        return Change(.databaseByte, place, "byte \(byte)")
    }

    private func contents() throws -> [String] { try Self.contents(path) }

    /// Every row of every table, the schema, the pragmas that are stored, and what `integrity_check` says.
    private static func contents(_ path: String) throws -> [String] {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }  // only read
        return try database.inDatabase { db in
            var lines = try String.fetchAll(db, sql: "PRAGMA integrity_check")
            lines +=
                try String.fetchAll(db, sql: "PRAGMA journal_mode") + String.fetchAll(db, sql: "PRAGMA user_version")
            lines += try String.fetchAll(db, sql: "PRAGMA application_id") + String.fetchAll(db, sql: "PRAGMA encoding")
            lines += try Row.fetchAll(db, sql: "SELECT * FROM sqlite_schema").map { "\($0)" }
            let names = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            for name in names {
                for (number, row) in try Row.fetchAll(db, sql: "SELECT * FROM \"\(name)\"").enumerated() {
                    lines += row.map { "\(name).\($0.0)=\(number) \($0.1.storage)" }
                }
            }
            return lines
        }
    }

    // MARK: - Reading and writing

    /// Without constraints that could refuse; nil where SQLite refuses all the same.
    private func write(_ body: (Database) throws -> Change?) throws -> Change? {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }  // the snapshot is put back anyway
        return try database.inDatabase { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
            do {
                return try body(db)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                return nil
            }
        }
    }

    private static func condition(_ table: Table) -> String {
        table.key.map { "\"\($0)\" IS ?" }.joined(separator: " AND ")
    }

    private static func cell(
        _ db: Database, _ table: Table, _ column: String, _ row: Int
    ) throws -> (key: [DatabaseValue]?, value: DatabaseValue)? {
        let columns = (table.key + [column]).map { "\"\($0)\"" }.joined(separator: ", ")
        let sql =
            "SELECT \(columns) FROM \"\(table.name)\" ORDER BY \(table.key.map { "\"\($0)\"" }.joined(separator: ", "))"
        guard let found = try Row.fetchOne(db, sql: sql + " LIMIT 1 OFFSET ?", arguments: [row]) else { return nil }
        let values = (0..<found.count).map { found[$0] as DatabaseValue }
        guard let value = values.last else { return nil }
        return (values.dropLast(), value)
    }

    private static func altered(
        _ value: DatabaseValue, _ donor: DatabaseValue?, _ random: inout SeededRandom
    ) -> DatabaseValue? {
        if let donor, donor != value, random.below(2) == 0 { return donor }
        switch value.storage {
        case .int64(let number):
            let numbers: [Int64] = [number &+ 1, number &- 1, 0, -1, number &* 10, .max, .min]
            return numbers[random.below(numbers.count)].databaseValue
        case .string(let text): return random.below(4) == 0 ? "".databaseValue : (text + "x").databaseValue
        case .blob(let data):
            guard !data.isEmpty else { return Data([1]).databaseValue }
            var bytes = [UInt8](data)
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            return Data(bytes).databaseValue
        case .null: return random.below(2) == 0 ? 0.databaseValue : "x".databaseValue
        case .double: return 0.databaseValue
        }
    }

    private static func text(_ key: [DatabaseValue]) -> String { key.map { "\($0)" }.joined(separator: " ") }
}

import Foundation
import GRDB

/// What is wrong with a database as such, whatever its rows say: pages and indexes, constraints, schema, cells.
///
/// *Guarantee*: where `damage` is empty, each cell of a column that the audit knows holds what belongs there, so no reading of
/// it can trap, and SQLite finds each row by each index. *If broken*: one damaged cell ends the judge, or a destroyed page
/// stays unseen until its owner meets it.
struct StorageCheck {
    /// Proven.
    private(set) var damage: [String] = []
    /// Not as this version makes it, and nothing lost by it.
    private(set) var doubts: [String] = []

    /// Cells named a column, and messages of SQLite's taken, at most.
    private static let listed = 10

    /// - Throws: the database's error where it cannot be read at all.
    init(_ tables: [StoredTable], in db: Database, file: String) throws {
        if let fault = Self.headerFault(file) { damage.append(fault) }
        let said = try String.fetchAll(db, sql: "PRAGMA integrity_check(\(Self.listed))")
        if said != ["ok"] { damage += said.map { "integrity_check: \($0)" } }
        for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(Self.listed) {
            damage.append("foreign_key_check: \(row)")
        }
        try checkSchema(tables, db)
        // With a page gone, what a query finds depends on the way it takes.
        guard damage.isEmpty else { return }
        for table in tables { try checkCells(table, db) }
    }

    /// SQLite reads a file whose write version it does not know, and refuses to write to it (fileformat2, §1.3.3).
    private static func headerFault(_ file: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: file) else { return nil }  // others say so
        defer { try? handle.close() }
        guard let head = try? handle.read(upToCount: 20), head.count == 20 else { return nil }
        let versions = [head[head.startIndex + 18], head[head.startIndex + 19]]
        guard versions.contains(where: { !(1...2).contains($0) }) else { return nil }
        return "bytes 18 and 19 of its header, the file format's versions, are \(versions[0]) and \(versions[1]): its "
            + "owner cannot write to it"
    }

    /// - Parameter db: where only the given tables are read.
    static func requireCells(_ names: Set<String>, of tables: [StoredTable], in db: Database) throws {
        var check = StorageCheck()
        for table in tables where names.contains(table.name) { try check.checkCells(table, db) }
        if let first = check.damage.first { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: first) }
    }

    private init() {}

    // MARK: - Schema

    private mutating func checkSchema(_ tables: [StoredTable], _ db: Database) throws {
        let version = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if !(0...StoredTables.version).contains(version) {
            damage.append(
                "its user_version is \(version), versions up to \(StoredTables.version) are known: its owner refuses it"
            )
        }
        let known = Set(tables.map(\.name))
        let indexes = Set(tables.flatMap(\.indexes))
        var missing = indexes
        let objects = try Row.fetchAll(
            db, sql: "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
        for object in objects {
            let words = object.map { $0.1.storage.value as? String ?? "?" }
            guard words.count == 3 else { continue }
            let (type, name, table) = (words[0], words[1], words[2])
            switch type {
            case "table" where known.contains(name): continue
            case "index" where indexes.contains(name): missing.remove(name)
            default: damage.append("\(type) '\(name)'\(type == "table" ? "" : " on \(table)"): its owner makes none")
            }
        }
        // The owner makes them anew at its next start.
        for table in tables where try db.tableExists(table.name) {
            for index in table.indexes where missing.contains(index) {
                doubts.append("it has no index '\(index)' on \(table.name): start its service once, which makes it")
            }
        }
    }

    // MARK: - Cells

    private mutating func checkCells(_ table: StoredTable, _ db: Database) throws {
        guard try db.tableExists(table.name) else { return }  // what must be there is `DeliverySchema`'s
        let present = Set(try db.columns(in: table.name).map(\.name))
        let columns = table.columns.filter { present.contains($0.name) }
        for column in present.subtracting(table.columns.map(\.name)).sorted() {
            damage.append("\(table.name).\(column): its owner makes no such column")
        }
        guard !columns.isEmpty else { return }
        func condition(_ column: (name: String, cell: CellRule)) -> String {
            column.cell.condition("\"\(column.name)\"")
        }
        let name = "\"\(table.name)\""
        let all = columns.map(condition).joined(separator: " AND ")
        guard try Row.fetchOne(db, sql: "SELECT 1 FROM \(name) WHERE NOT (\(all)) LIMIT 1") != nil else { return }
        let key = try db.primaryKey(table.name).columns.first ?? "rowid"
        for column in columns {
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT "\(column.name)", "\(key)" FROM \(name) WHERE NOT \(condition(column)) LIMIT \(Self.listed)
                    """)
            while let row = try rows.next() {
                damage.append(
                    "\(table.name).\(column.name) of the row with \(key) \(Self.text(row[1])) holds "
                        + "\(CellRule.words(row[0])), where \(column.cell.words) belongs")
            }
        }
    }

    /// A key, short.
    private static func text(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .string(let text): "'\(text.prefix(64))'"
        case .blob(let data): "x'" + data.prefix(20).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
        default: CellRule.words(value)
        }
    }
}

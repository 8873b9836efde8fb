import Contracts
import Crypto
import Foundation
import GRDB

/// SHA-256 over the rows of state tables in key order, and the first row in which two databases differ.
///
/// A value is hashed as its type (`n` NULL, `i` integer, `r` real, `t` text, `b` blob), and for all but NULL its bytes:
/// eight little-endian ones for numbers, else a 64-bit length and the bytes. A row begins with `R`, a table with `T` and its
/// name.
struct TableDigest: Equatable {
    let hex: String
    let rows: Int

    init(_ tables: [StateTable], in db: Database) throws {
        var sha = SHA256()
        var count = 0
        for table in tables {
            sha.update(data: Self.bytes(of: "T" + table.table))
            let rows = try Row.fetchCursor(db, sql: Self.query(table))
            while let row = try rows.next() {
                count += 1
                sha.update(data: Self.encode(row))
            }
        }
        hex = sha.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        rows = count
    }

    /// - Throws: `AuditError.unreadable` for names that are no plain identifiers.
    static func query(_ table: StateTable) throws -> String {
        for name in [table.table] + table.columns + table.key {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 == UInt8(ascii: "_") || isLetterOrDigit($0) }) else {
                throw AuditError.unreadable(file: table.table, reason: "'\(name)' is no name of a table or column")
            }
        }
        guard !table.columns.isEmpty, !table.key.isEmpty else {
            throw AuditError.unreadable(file: table.table, reason: "it is named without columns or without a key")
        }
        let columns = (table.key + table.columns).map { "\"\($0)\"" }.joined(separator: ", ")
        let key = table.key.map { "\"\($0)\"" }.joined(separator: ", ")
        return "SELECT \(columns) FROM \"\(table.table)\" ORDER BY \(key)"
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    // MARK: - Bytes

    static func encode(_ row: Row) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "R")]
        for index in 0..<row.count {
            let value = row[index] as DatabaseValue
            switch value.storage {
            case .null: bytes.append(UInt8(ascii: "n"))
            case .int64(let number):
                bytes.append(UInt8(ascii: "i"))
                bytes.append(littleEndian: number)
            case .double(let number):
                bytes.append(UInt8(ascii: "r"))
                bytes.append(littleEndian: number.bitPattern)
            case .string(let text):
                bytes.append(UInt8(ascii: "t"))
                bytes.append(contentsOf: Self.bytes(of: text))
            case .blob(let data):
                bytes.append(UInt8(ascii: "b"))
                bytes.append(littleEndian: UInt64(data.count))
                bytes.append(contentsOf: data)
            }
        }
        return bytes
    }

    private static func bytes(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        return bytes
    }
}

/// The first row in which a table differs between two databases.
struct RowDifference {
    let table: String
    let key: String
    let live: String
    let rebuilt: String
    /// Of the key, where it is one: rows are mostly an order each.
    let order: OrderID?

    /// Nil where all tables are the same.
    static func first(_ tables: [StateTable], live: Database, rebuilt: Database) throws -> RowDifference? {
        for table in tables {
            let sql = try TableDigest.query(table)
            let liveRows = try Row.fetchCursor(live, sql: sql)
            let rebuiltRows = try Row.fetchCursor(rebuilt, sql: sql)
            while true {
                let left = try liveRows.next()?.copy()
                let right = try rebuiltRows.next()?.copy()
                if left == nil, right == nil { break }
                if let left, let right, TableDigest.encode(left) == TableDigest.encode(right) { continue }
                return difference(table, left, right)
            }
        }
        return nil
    }

    /// Two rows of other keys: the lower one is there on one side alone.
    private static func difference(_ table: StateTable, _ left: Row?, _ right: Row?) -> RowDifference {
        let width = table.key.count
        let named = [left, right].compactMap(\.self).min { precedes($0, $1, width) }
        let names = named.map { key($0, width) } ?? []
        func words(_ row: Row?) -> String {
            guard let row, key(row, width) == names else { return "no such row" }
            let other = row === left ? right : left
            let twin = other.flatMap { key($0, width) == names ? $0 : nil }
            let differing = (width..<row.count).filter { index in
                twin.map { value($0, index) != value(row, index) } ?? true
            }
            return differing.map { "\(table.columns[$0 - width])=\(text(row, $0))" }.joined(separator: " ")
        }
        let order: OrderID? = table.key.firstIndex(of: "order_id").flatMap { named?.identifier($0) }
        return RowDifference(
            table: table.table,
            key: zip(table.key, names).map { "\($0)=\($1)" }.joined(separator: " "),
            live: words(left), rebuilt: words(right), order: order)
    }

    /// In the order in which SQLite gave the rows.
    private static func precedes(_ left: Row, _ right: Row, _ width: Int) -> Bool {
        for index in 0..<width {
            switch (value(left, index).storage, value(right, index).storage) {
            case (.int64(let first), .int64(let second)) where first != second: return first < second
            case (.string(let first), .string(let second)) where first != second:
                return first.utf8.lexicographicallyPrecedes(second.utf8)
            case (.blob(let first), .blob(let second)) where first != second:
                return first.lexicographicallyPrecedes(second)
            default: continue
            }
        }
        return false
    }

    private static func key(_ row: Row, _ width: Int) -> [String] {
        (0..<width).map { text(row, $0) }
    }

    private static func value(_ row: Row, _ index: Int) -> DatabaseValue { row[index] }

    private static func text(_ row: Row, _ index: Int) -> String {
        switch value(row, index).storage {
        case .null: "NULL"
        case .int64(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): "'\(text)'"
        case .blob(let data):
            row.identifier(index, of: OrderOwner.self)?.description
                ?? "x'" + data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "'"
        }
    }
}

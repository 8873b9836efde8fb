package import Contracts
package import Foundation
package import GRDB

/// The cells of a row, each read with its type checked.
///
/// *Guarantee*: whatever a stored cell holds, reading it gives a value or throws an error that names table, column and what
/// is there. *Why*: GRDB's `row[index]` ends the process where a cell does not fit, and takes text for a number where
/// SQLite can. *If broken*: one damaged cell kills a service at every start, or is read as another number.
package struct Cells {
    private let row: Row
    private let table: String

    package init(_ row: Row, of table: String) {
        self.row = row
        self.table = table
    }

    /// - Throws: `DatabaseError` with `SQLITE_CORRUPT`.
    package func callAsFunction<Value: StoredCell>(_ index: Int, as _: Value.Type = Value.self) throws -> Value {
        let cell: DatabaseValue = row[index]
        if let value = Value(cell: cell) { return value }
        throw fault(at: index, expected: Value.words)
    }

    /// - Throws: as above.
    package func callAsFunction<Value: StoredCell>(_ column: String, as _: Value.Type = Value.self) throws -> Value {
        guard let index = row.columnNames.enumerated().first(where: { $0.element == column })?.offset else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(table) has no column \(column)")
        }
        return try self(index)
    }

    /// A number of things: not negative, and so small that sums of many stay exact.
    ///
    /// - Throws: `DatabaseError` with `SQLITE_CORRUPT`.
    package func count(_ index: Int) throws -> Int64 {
        let count: Int64 = try self(index)
        guard (0...Self.maximumCount).contains(count) else { throw fault(at: index, expected: "a count") }
        return count
    }

    package static let maximumCount: Int64 = 1 << 53

    /// What a cell that does not fit is called.
    package func fault(at index: Int, expected: String) -> DatabaseError {
        let column = row.columnNames.dropFirst(index).first ?? "column \(index)"
        return DatabaseError(
            resultCode: .SQLITE_CORRUPT,
            message: "\(table).\(column) holds \(Self.words(row[index])), where \(expected) belongs")
    }

    /// Without the text itself, which may be an address.
    private static func words(_ cell: DatabaseValue) -> String {
        switch cell.storage {
        case .null: "NULL"
        case .int64(let number): "\(number)"
        case .double(let number): "the real number \(number)"
        case .string(let text): "text of \(text.utf8.count) bytes"
        case .blob(let data): "a blob of \(data.count) bytes"
        }
    }
}

/// A value that a cell can hold.
package protocol StoredCell {
    /// What belongs in such a cell.
    static var words: String { get }

    /// Nil where the cell holds something else.
    init?(cell: DatabaseValue)
}

extension Int64: StoredCell {
    package static var words: String { "a whole number" }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage else { return nil }
        self = number
    }
}

extension Int: StoredCell {
    package static var words: String { Int64.words }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage else { return nil }
        self.init(exactly: number)
    }
}

extension Int32: StoredCell {
    package static var words: String { "a whole number of 32 bits" }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage else { return nil }
        self.init(exactly: number)
    }
}

extension UInt64: StoredCell {
    package static var words: String { "a whole number that is not negative" }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage else { return nil }
        self.init(exactly: number)
    }
}

extension Bool: StoredCell {
    package static var words: String { "0 or 1" }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage, number == 0 || number == 1 else { return nil }
        self = number == 1
    }
}

extension String: StoredCell {
    package static var words: String { "text" }

    package init?(cell: DatabaseValue) {
        guard case .string(let text) = cell.storage else { return nil }
        self = text
    }
}

extension Data: StoredCell {
    package static var words: String { "bytes" }

    package init?(cell: DatabaseValue) {
        guard case .blob(let data) = cell.storage else { return nil }
        self = data
    }
}

extension [UInt8]: StoredCell {
    package static var words: String { Data.words }

    package init?(cell: DatabaseValue) {
        guard case .blob(let data) = cell.storage else { return nil }
        self = [UInt8](data)
    }
}

extension Timestamp: StoredCell {
    package static var words: String { "a time in microseconds" }

    package init?(cell: DatabaseValue) {
        guard case .int64(let number) = cell.storage else { return nil }
        self.init(microseconds: number)
    }
}

extension Identifier: StoredCell {
    package static var words: String { "an id of 16 bytes" }

    package init?(cell: DatabaseValue) {
        guard case .blob(let data) = cell.storage else { return nil }
        self.init(bytes: data)
    }
}

extension Optional: StoredCell where Wrapped: StoredCell {
    package static var words: String { "\(Wrapped.words) or NULL" }

    package init?(cell: DatabaseValue) {
        if cell.isNull {
            self = .none
            return
        }
        guard let value = Wrapped(cell: cell) else { return nil }
        self = .some(value)
    }
}

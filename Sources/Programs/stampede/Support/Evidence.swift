import Audit
import Contracts
import Foundation
import GRDB

/// Rows of the services' databases as JSON, whatever columns they have.
enum Evidence {
    /// Reads a database in one short transaction that leaves no trace; nil where there is none.
    ///
    /// - Throws: `Failure.unreadable` naming the file.
    static func read<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value? {
        let database = EvidenceDatabase(path: path, isForShortReads: true)
        guard database.exists else { return nil }
        do {
            return try database.read(body)
        } catch let error as DatabaseError {
            throw Failure.unreadable(file: path, reason: advice(error))
        } catch let AuditError.unreadable(file, reason) {
            throw Failure.unreadable(file: file, reason: reason + remedy)
        } catch let AuditError.damaged(file, reason) {
            throw Failure.unreadable(file: file, reason: reason + remedy)
        }
    }

    private static let remedy = ". Is it a database of this program? Restore it from a copy, or rebuild it from the log"

    private static func advice(_ error: DatabaseError) -> String {
        (error.message ?? "\(error.resultCode)") + remedy
    }

    // MARK: - Rows

    /// Columns whose bytes are of no use to a reader.
    private static let hidden: Set = ["event", "corrected", "request", "cause", "token", "request_hash", "response"]

    /// A row as an object: ids and times as text, JSON text as JSON, names in camel case.
    static func record(_ row: Row) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (column, value) in row where !hidden.contains(column) {
            members[camelCase(column)] = json(value, column)
        }
        return .object(members)
    }

    static func records(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [JSONValue] {
        try Row.fetchAll(db, sql: sql, arguments: arguments).map(record)
    }

    private static func json(_ value: DatabaseValue, _ column: String) -> JSONValue {
        switch value.storage {
        case .null: return .null
        case .int64(let whole):
            return isTime(column) ? JSONValue(Timestamp(microseconds: whole)) : .integer(whole)
        case .double(let number): return JSONValue(number)
        case .string(let text):
            return column == "lines" ? JSONValue.parse(text.utf8) ?? .string(text) : .string(text)
        case .blob(let data):
            if let id = EventID(bytes: data) { return .string(id.description) }
            return .string(data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
    }

    /// Microseconds since 1970, by the name of the column.
    private static func isTime(_ column: String) -> Bool {
        column.hasSuffix("_at") || column == "at" || column == "deadline"
    }

    private static func camelCase(_ column: String) -> String {
        let words = column.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

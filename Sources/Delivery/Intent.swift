package import Contracts
import EventLog
import Foundation
package import GRDB

/// A call to the outside as a decision asks for it.
package struct CallRequest: Sendable {
    /// Idempotency key, derived from the order: `charge:{order}`.
    package let key: String
    package let kind: String
    package let subject: String
    /// The request's bytes: sent again unchanged as often as needed.
    package let body: [UInt8]
    /// The event that the answer's events belong to, where it is not the one being handled.
    package let cause: Envelope?
    /// When the call is to be given up rather than made again; nil for never.
    package let deadline: Timestamp?

    package init(
        key: String, kind: String, subject: String, body: [UInt8], cause: Envelope? = nil, deadline: Timestamp? = nil
    ) {
        self.key = key
        self.kind = kind
        self.subject = subject
        self.body = body
        self.cause = cause
        self.deadline = deadline
    }
}

/// A call on record: made, perhaps, and not yet answered.
package struct Intent: Sendable {
    package let key: String
    package let kind: String
    package let subject: String
    /// The event whose answer is sought, without its data.
    package let cause: Envelope
    package let request: [UInt8]
    package let deadline: Timestamp?
    /// When the call was decided on.
    package let recordedAt: Timestamp

    private static let columns = "key, kind, subject, cause, request, deadline, recorded_at"

    /// Those without an answer in the order of their keys, a page of them: the first after `key`.
    package static func open(after key: String, limit: Int, _ db: Database) throws -> [Intent] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns) FROM intents INDEXED BY intents_open
                WHERE state = 'open' AND key > ? ORDER BY key LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: [key, limit]).map(Self.read)
    }

    /// By position in `columns`: a name is searched for in every row.
    private static func read(_ row: Row) throws -> Intent {
        let cell = Cells(row, of: "intents")
        guard let cause = try? EventCoding.decode(try cell(3, as: [UInt8].self)) else {
            throw cell.fault(at: 3, expected: "an event")
        }
        return Intent(
            key: try cell(0), kind: try cell(1), subject: try cell(2), cause: cause, request: try cell(4),
            deadline: try cell(5), recordedAt: try cell(6))
    }

    package static func exists(key: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM intents WHERE key = ?)"), arguments: [key])
            ?? false
    }
}

import Contracts
import Foundation
import GRDB

/// What Notification's database says of its deliveries: calls on record, marks, alerts.
struct MailFacts {
    /// How far each channel's file is settled, in bytes; `nil` for a row that is no number.
    private(set) var marks: [String: Int64?] = [:]
    private(set) var calls: [Call] = []
    /// Dead letters counted for the operator.
    private(set) var letters: [DeadLetterGroup: Int64] = [:]

    struct Call {
        let key: String
        let kind: String
        let subject: String
        /// Without its data; `nil` for bytes that are no event.
        let cause: Envelope?
        let request: [UInt8]
        let hasDeadline: Bool
        let state: String
        /// Microseconds since 1970; `nil` for no number.
        let recordedAt: Int64?

        var isOpen: Bool { state == "open" }
        var isAlert: Bool { kind == "alert" }

        /// Of an alert, whom it is for; `nil` if an older version recorded it.
        var recipient: String? {
            struct Request: Decodable { let recipient: String? }
            return (try? JSONDecoder().decode(Request.self, from: Data(request)))?.recipient
        }
    }

    /// The channel that the default mailbox belongs to.
    var mark: Int64? { marks[NotifiedOnce.mailboxChannel] ?? nil }

    init(_ db: Database) throws {
        func text(_ row: Row, _ index: Int) -> String {
            String.fromDatabaseValue(row[index] as DatabaseValue) ?? ""  // no text: it equals none that is expected
        }
        func number(_ row: Row, _ index: Int) -> Int64? { Int64.fromDatabaseValue(row[index] as DatabaseValue) }
        let tables = try String.fetchSet(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
        if tables.contains("channel_marks") {
            try db.forEachRow("SELECT channel, mark FROM channel_marks") { row in
                marks.updateValue(number(row, 1), forKey: text(row, 0))
            }
        }
        try db.forEachRow("SELECT key, kind, subject, cause, request, deadline, state, recorded_at FROM intents") {
            row in
            calls.append(
                Call(
                    key: text(row, 0), kind: text(row, 1), subject: text(row, 2),
                    cause: try? EventCoding.decode(row.bytes(3)), request: row.bytes(4),
                    hasDeadline: !(row[5] as DatabaseValue).isNull, state: text(row, 6), recordedAt: number(row, 7)))
        }
        if tables.contains("alerts") {
            try db.forEachRow("SELECT service, type, signature, letters FROM alerts") { row in
                guard let service = ServiceName(rawValue: text(row, 0)) else { return }
                letters[DeadLetterGroup(service: service, signature: text(row, 2), type: text(row, 1))] =
                    number(row, 3) ?? -1
            }
        }
    }
}

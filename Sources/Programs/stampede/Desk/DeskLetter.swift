import Contracts
import Foundation
import GRDB

/// A dead letter at a service's desk, without its bytes.
struct DeskLetter: Sendable {
    let service: ServiceName
    let id: EventID
    let topic: Topic
    let offset: UInt64
    let subject: String
    /// Empty for bytes that are no event.
    let type: String
    let errorKind: String
    let error: String
    let signature: String
    let attempts: Int64
    let firstFailedAt: Timestamp
    let diedAt: Timestamp
    /// `open`, `redriven`, `discarded`.
    let state: String
    /// `log`, `import`.
    let origin: String
    let settledAt: Timestamp?
    /// Whether corrected bytes stand in for the event's.
    let isEdited: Bool
    /// Events of the same subject that wait for this one.
    let parkedBehind: Int64

    var isOpen: Bool { state == "open" }
    var place: String { "\(topic.name)@\(offset)" }
    /// `unreadable` for bytes that are no event, as `tail` says it.
    var shownType: String { type.isEmpty ? Self.unreadable : type }
    var group: DeadLetterGroup { DeadLetterGroup(service: service, signature: signature, type: type) }

    static let unreadable = "unreadable"

    static let columns = """
        event_id, topic, offset, subject, type, error_kind, error, signature, attempts, first_failed_at, died_at, state,
        origin, settled_at, corrected IS NOT NULL AS is_edited,
        CASE state WHEN 'open' THEN (SELECT count(*) FROM parked WHERE parked.subject = dead_letters.subject) ELSE 0 END
            AS parked_behind
        """

    init(_ row: Row, at service: ServiceName) throws {
        guard let id = EventID(bytes: row["event_id"] as Data) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "dead_letters.event_id is no id")
        }
        self.service = service
        self.id = id
        topic = Topic(row["topic"])
        offset = UInt64(max(0, row["offset"] as Int64))
        subject = row["subject"]
        type = row["type"]
        errorKind = row["error_kind"]
        error = row["error"]
        signature = row["signature"]
        attempts = row["attempts"]
        firstFailedAt = Timestamp(microseconds: row["first_failed_at"])
        diedAt = Timestamp(microseconds: row["died_at"])
        state = row["state"]
        origin = row["origin"]
        settledAt = (row["settled_at"] as Int64?).map(Timestamp.init(microseconds:))
        isEdited = row["is_edited"]
        parkedBehind = row["parked_behind"]
    }

    /// What every command's JSON says of a letter.
    var members: [String: JSONValue] {
        [
            "service": .string(service.rawValue), "eventId": .string(id.description), "topic": .string(topic.name),
            "offset": JSONValue(offset), "subject": .string(subject), "type": .string(type),
            "errorKind": .string(errorKind), "error": .string(error), "signature": .string(signature),
            "group": .string(group.id), "attempts": .integer(attempts), "firstFailedAt": JSONValue(firstFailedAt),
            "diedAt": JSONValue(diedAt), "state": .string(state), "origin": .string(origin),
            "settledAt": JSONValue(settledAt), "isEdited": .bool(isEdited), "parkedBehind": .integer(parkedBehind),
        ]
    }
}

import Contracts
import Delivery
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
        let cell = Cells(row, of: "dead_letters")
        self.service = service
        id = try cell("event_id")
        topic = Topic(try cell("topic"))
        offset = try cell("offset")
        subject = try cell("subject")
        type = try cell("type")
        errorKind = try cell("error_kind")
        error = try cell("error")
        signature = try cell("signature")
        attempts = try cell("attempts")
        firstFailedAt = try cell("first_failed_at")
        diedAt = try cell("died_at")
        state = try cell("state")
        origin = try cell("origin")
        settledAt = try cell("settled_at")
        isEdited = try cell("is_edited")
        parkedBehind = try cell("parked_behind")
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

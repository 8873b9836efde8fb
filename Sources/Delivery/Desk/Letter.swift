import Contracts
import EventLog
import Foundation
import GRDB

/// A row of the dead-letter desk.
struct Letter {
    enum State: String {
        case open, redriven, discarded
    }

    let id: EventID
    let topic: Topic
    let offset: UInt64
    let subject: String
    /// As it came.
    let original: [UInt8]
    /// What an edit put in its place.
    let corrected: [UInt8]?
    let kind: String
    let error: String
    let attempts: Int
    let diedAt: Timestamp
    let state: State

    /// What is handled in a retry.
    var event: LoggedEvent { LoggedEvent(topic: topic, offset: offset, bytes: (corrected ?? original)[...]) }

    /// Nil for bytes that are no event, unless an edit made one of them.
    var envelope: Envelope? { try? EventCoding.decode(corrected ?? original) }

    static func load(_ id: EventID, _ db: Database) throws -> Letter? {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT \(columns) FROM dead_letters WHERE event_id = ?"),
            arguments: [Data(id.bytes)]
        ).map(read)
    }

    static func open(_ topic: Topic, _ offset: UInt64, _ db: Database) throws -> Letter? {
        try Row.fetchOne(
            db, sql: "SELECT \(columns) FROM dead_letters WHERE topic = ? AND offset = ? AND state = 'open'",
            arguments: [topic.name, Int64(offset)]
        ).map(read)
    }

    /// Where the subject has an open letter, which one.
    static func open(of subject: String, _ db: Database) throws -> EventID? {
        try Data.fetchOne(
            db, sql: "SELECT event_id FROM dead_letters WHERE subject = ? AND state = 'open'", arguments: [subject]
        ).flatMap { EventID(bytes: $0) }
    }

    private static let columns =
        "event_id, topic, offset, subject, event, corrected, error_kind, error, attempts, died_at, state"

    private static func read(_ row: Row) throws -> Letter {
        guard let id = EventID(bytes: row[0] as Data), let state = State(rawValue: row[10]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row of dead_letters holds no letter")
        }
        return Letter(
            id: id, topic: Topic(row[1]), offset: UInt64(row[2] as Int64), subject: row[3],
            original: [UInt8](row[4] as Data), corrected: (row[5] as Data?).map { [UInt8]($0) }, kind: row[6],
            error: row[7], attempts: row[8], diedAt: Timestamp(microseconds: row[9]), state: state)
    }
}

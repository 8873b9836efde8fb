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
        try Row.fetchOne(
            db, sql: "SELECT event_id FROM dead_letters WHERE subject = ? AND state = 'open'", arguments: [subject]
        ).map { try Cells($0, of: "dead_letters")(0) }
    }

    private static let columns =
        "event_id, topic, offset, subject, event, corrected, error_kind, error, attempts, died_at, state"

    private static func read(_ row: Row) throws -> Letter {
        let cell = Cells(row, of: "dead_letters")
        guard let state = State(rawValue: try cell(10)) else {
            throw cell.fault(at: 10, expected: "open, redriven or discarded")
        }
        return Letter(
            id: try cell(0), topic: Topic(try cell(1)), offset: try cell(2), subject: try cell(3),
            original: try cell(4), corrected: try cell(5), kind: try cell(6), error: try cell(7),
            attempts: try cell(8), diedAt: try cell(9), state: state)
    }
}

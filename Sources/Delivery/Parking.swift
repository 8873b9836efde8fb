import Contracts
import EventLog
import Foundation
import GRDB

/// Events set aside: those that wait for their next attempt, and those behind them of the same subject.
///
/// *Guarantee*: while an event of order A waits or lies dead, A's later events wait behind it, durably, in the order in
/// which they came; other orders flow. *If broken*: a refund is handled before the payment that it pays back.
struct Parking {
    /// Subjects with a parked event or an open dead letter.
    private(set) var subjects: Set<String> = []
    /// When the next attempt is due.
    private(set) var nextDue: Timestamp?
    /// Whether anything waits or ever died here; while nothing did, no event needs to be looked up.
    private(set) var hasRows = false

    static let retriesPerTurn = 64

    /// A parked event whose attempt is due.
    struct Parked {
        let logged: LoggedEvent
        let arrival: Int64
        let id: EventID
        let subject: String
        let attempts: Int
        let firstFailedAt: Timestamp?
    }

    mutating func reload(_ db: Database) throws {
        subjects = try String.fetchSet(
            db, sql: "SELECT subject FROM parked UNION SELECT subject FROM dead_letters WHERE state = 'open'")
        nextDue = try Int64.fetchOne(db, sql: "SELECT min(next_attempt_at) FROM parked").map(
            Timestamp.init(microseconds:))
        hasRows =
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM parked) OR EXISTS (SELECT 1 FROM dead_letters)") ?? false
    }

    /// An event of the subject was set aside just now: until its next attempt, or dead.
    mutating func hold(_ subject: String, until due: Timestamp?) {
        subjects.insert(subject)
        hasRows = true
        if let due { nextDue = min(nextDue ?? due, due) }
    }

    func isDue(at now: Timestamp) -> Bool {
        nextDue.map { $0 <= now } ?? false
    }

    func due(at now: Timestamp, _ db: Database) throws -> [Parked] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT arrival, event_id, topic, offset, subject, event, attempts, first_failed_at FROM parked
                WHERE next_attempt_at <= ? ORDER BY next_attempt_at, arrival LIMIT \(Self.retriesPerTurn)
                """,
            arguments: [now.microseconds]
        ).map { row in
            guard let id = EventID(bytes: row["event_id"] as Data) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "parked.event_id is no id")
            }
            return Parked(
                logged: LoggedEvent(
                    topic: Topic(row["topic"]), offset: UInt64(row["offset"] as Int64),
                    bytes: [UInt8](row["event"] as Data)[...]),
                arrival: row["arrival"], id: id, subject: row["subject"], attempts: row["attempts"],
                firstFailedAt: (row["first_failed_at"] as Int64?).map(Timestamp.init(microseconds:)))
        }
    }

    // MARK: - Rows

    /// Known to the desk or set aside: a second delivery of it is a duplicate.
    static func holds(_ id: EventID, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM parked WHERE event_id = ?1)
                        OR EXISTS (SELECT 1 FROM dead_letters WHERE event_id = ?1)
                    """),
            arguments: [Data(id.bytes)]) ?? false
    }

    /// Sets an event aside: after a failure with the time of its next attempt, or behind an earlier one without.
    static func park(
        _ logged: LoggedEvent, id: EventID, subject: String,
        failure: (kind: String, text: String, next: Timestamp, now: Timestamp)?,
        _ db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO parked
                    (event_id, topic, offset, subject, event, attempts, next_attempt_at, error_kind, error, first_failed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Data(id.bytes), logged.topic.name, Int64(logged.offset), subject, Data(logged.bytes),
                failure == nil ? 0 : 1,
                failure?.next.microseconds, failure?.kind, failure?.text, failure?.now.microseconds,
            ])
    }

    static func postpone(_ parked: Parked, kind: String, text: String, until: Timestamp, now: Timestamp, _ db: Database)
        throws
    {
        try db.execute(
            sql: """
                UPDATE parked SET attempts = attempts + 1, next_attempt_at = ?, error_kind = ?, error = ?,
                    first_failed_at = coalesce(first_failed_at, ?)
                WHERE arrival = ?
                """,
            arguments: [until.microseconds, kind, text, now.microseconds, parked.arrival])
    }

    /// The event is done: the one behind it is due, unless the subject has a dead letter.
    static func release(_ parked: Parked, now: Timestamp, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM parked WHERE arrival = ?", arguments: [parked.arrival])
        try db.execute(
            sql: """
                UPDATE parked SET next_attempt_at = ?1
                WHERE arrival = (SELECT min(arrival) FROM parked WHERE subject = ?2)
                    AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE subject = ?2 AND state = 'open')
                """,
            arguments: [now.microseconds, parked.subject])
    }
}

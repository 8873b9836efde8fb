import Contracts
import EventLog
import Foundation
import GRDB

/// Events set aside: those that wait for their next attempt, and those behind them of the same subject.
///
/// *Guarantee*: while an event of order A waits or lies dead, A's later events wait behind it, durably, in the order in
/// which they came; other orders flow. *If broken*: a refund is handled before the payment that it pays back.
///
/// The rows are the truth; what stands here of them is what every event must be compared with. It changes after the row
/// did, and whoever rolls the transaction back puts the value of before back.
struct Parking {
    /// Subjects with a parked event or an open dead letter.
    private(set) var subjects: Set<String> = []
    /// Parked rows.
    private(set) var count = 0
    /// When the next attempt is due.
    private(set) var nextDue: Timestamp?
    /// The same of an event that killed the process.
    private(set) var nextTrial: Timestamp?
    /// Whether anything waits or ever died here; while nothing did, no event needs to be looked up.
    private(set) var hasRows = false
    let limit: Int

    static let retriesPerTurn = 64

    /// An event that is set aside.
    struct Parked {
        let logged: LoggedEvent
        let arrival: Int64
        let id: EventID
        let subject: String
        let attempts: Int
        let firstFailedAt: Timestamp?
    }

    /// Why an event failed, and when it is tried again.
    struct Failure {
        let kind: String
        let error: String
        let attempts: Int
        let next: Timestamp
        let now: Timestamp
    }

    init(limit: Int, _ db: Database) throws {
        self.limit = limit
        subjects = try String.fetchSet(
            db, sql: "SELECT subject FROM parked UNION SELECT subject FROM dead_letters WHERE state = 'open'")
        #if MUTANTS
            if Mutant.deadLetterForgottenAtStart.isOn {
                subjects = try String.fetchSet(db, sql: "SELECT subject FROM parked")
            }
        #endif
        count = try Int.fetchOne(db, sql: "SELECT count(*) FROM parked") ?? 0
        hasRows =
            try count > 0 || Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM dead_letters)") ?? false
        try findNextDue(db)
    }

    // MARK: - Asking

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

    static func parked(_ topic: Topic, _ offset: UInt64, _ db: Database) throws -> Parked? {
        try Row.fetchOne(
            db, sql: "SELECT \(columns) FROM parked WHERE topic = ? AND offset = ?",
            arguments: [topic.name, Int64(offset)]
        ).map(read)
    }

    func due(at now: Timestamp, _ db: Database) throws -> [Parked] {
        guard let nextDue, nextDue <= now else { return [] }
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(Self.columns) FROM parked
                WHERE next_attempt_at IS NOT NULL AND error_kind IS NOT 'trap' AND next_attempt_at <= ?
                ORDER BY next_attempt_at, arrival LIMIT \(Self.retriesPerTurn)
                """)
        return try Row.fetchAll(statement, arguments: [now.microseconds]).map(Self.read)
    }

    /// The event that killed the process and is to be tried next, due or not.
    func nextTrial(_ db: Database) throws -> Parked? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT \(Self.columns) FROM parked
                WHERE next_attempt_at IS NOT NULL AND error_kind = 'trap' ORDER BY next_attempt_at, arrival LIMIT 1
                """
        ).map(Self.read)
    }

    // MARK: - Setting aside

    /// Sets an event aside: after a failure, or behind an earlier one without.
    ///
    /// - Throws: `ParkingFull`.
    mutating func park(_ logged: LoggedEvent, id: EventID, subject: String, failure: Failure?, _ db: Database) throws {
        guard count < limit else { throw ParkingFull(limit: limit) }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO parked
                    (event_id, topic, offset, subject, event, attempts, next_attempt_at, error_kind, error, first_failed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Data(id.bytes), logged.topic.name, Int64(logged.offset), subject, Data(logged.bytes),
            failure?.attempts ?? 0, failure?.next.microseconds, failure?.kind, failure?.error,
            failure?.now.microseconds,
        ])
        count += 1
        hold(subject)
        if let failure { expect(failure.kind, at: failure.next) }
    }

    mutating func postpone(_ parked: Parked, _ failure: Failure, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE parked SET attempts = ?, next_attempt_at = ?, error_kind = ?, error = ?,
                    first_failed_at = coalesce(first_failed_at, ?)
                WHERE arrival = ?
                """)
        try statement.execute(arguments: [
            failure.attempts, failure.next.microseconds, failure.kind, failure.error, failure.now.microseconds,
            parked.arrival,
        ])
        expect(failure.kind, at: failure.next)
    }

    /// The subject has a parked event or an open letter from now on.
    mutating func hold(_ subject: String) {
        hasRows = true
        #if MUTANTS
            if Mutant.laterEventOvertakes.isOn { return }
        #endif
        subjects.insert(subject)
    }

    private mutating func expect(_ kind: String, at due: Timestamp) {
        if kind == Fault.trapKind {
            nextTrial = min(nextTrial ?? due, due)
        } else {
            nextDue = min(nextDue ?? due, due)
        }
    }

    // MARK: - Letting go

    /// The event is no longer set aside: it was handled, or it is dead.
    mutating func remove(_ parked: Parked, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM parked WHERE arrival = ?")
        try statement.execute(arguments: [parked.arrival])
        count -= 1
    }

    /// An event of the subject was handled: the next one is due, unless the subject has an open letter.
    mutating func goOn(_ subject: String, now: Timestamp, _ db: Database) throws {
        #if MUTANTS
            if Mutant.followersLeftParked.isOn { return }
        #endif
        let isDead = try Bool.fetchOne(
            try db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE subject = ? AND state = 'open')"),
            arguments: [subject])
        if isDead == true { return }
        let next = try Int64.fetchOne(
            try db.cachedStatement(sql: "SELECT min(arrival) FROM parked WHERE subject = ?"), arguments: [subject])
        guard let next else {
            subjects.remove(subject)
            return
        }
        let statement = try db.cachedStatement(
            sql: "UPDATE parked SET next_attempt_at = coalesce(next_attempt_at, ?) WHERE arrival = ?")
        try statement.execute(arguments: [now.microseconds, next])
        nextDue = min(nextDue ?? now, now)
    }

    /// After attempts: what is due next is known again.
    mutating func findNextDue(_ db: Database) throws {
        nextDue = try Int64.fetchOne(
            try db.cachedStatement(
                sql: """
                    SELECT min(next_attempt_at) FROM parked
                    WHERE next_attempt_at IS NOT NULL AND error_kind IS NOT 'trap'
                    """)
        ).map(Timestamp.init(microseconds:))
        nextTrial = try Int64.fetchOne(
            try db.cachedStatement(
                sql: """
                    SELECT min(next_attempt_at) FROM parked WHERE next_attempt_at IS NOT NULL AND error_kind = 'trap'
                    """)
        ).map(Timestamp.init(microseconds:))
    }

    // MARK: - Rows

    private static let columns = "arrival, event_id, topic, offset, subject, event, attempts, first_failed_at"

    private static func read(_ row: Row) throws -> Parked {
        let cell = Cells(row, of: "parked")
        let bytes: [UInt8] = try cell(5)
        // As many as attempts can be counted on from.
        guard let attempts: Int = try cell(6), (0..<Int(Int32.max)).contains(attempts) else {
            throw cell.fault(at: 6, expected: "a number of attempts")
        }
        return Parked(
            logged: LoggedEvent(topic: Topic(try cell(2)), offset: try cell(3), bytes: bytes[...]),
            arrival: try cell(0), id: try cell(1), subject: try cell(4), attempts: attempts,
            firstFailedAt: try cell(7))
    }
}

/// No room for one more parked event: the consumer stands before it until there is.
package struct ParkingFull: EnvironmentFault, Equatable {
    package let limit: Int

    package var isFinal: Bool { false }

    package var description: String {
        "\(limit) events are parked, which is the limit (STAMPEDE_PARKING_LIMIT): the consumer goes on as attempts and "
            + "'stampede dlq retry' make room"
    }
}

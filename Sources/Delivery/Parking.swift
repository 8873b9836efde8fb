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
///
/// *Guarantee*: no event waits longer for its attempt than the policy's longest pause, whatever the clock is set to: the
/// pause is measured in memory with the monotonic clock, and what a row says of it is believed only that far. *If broken*:
/// a clock that is set back by an hour holds the order for an hour, over restarts too.
struct Parking {
    /// Subjects with a parked event or an open dead letter.
    private(set) var subjects: Set<String> = []
    /// Parked rows.
    private(set) var count = 0
    /// When attempts are due, by arrival: of events that failed, and of those next in line.
    private var retries = Dues()
    /// The same of events that killed the process.
    private var trials = Dues()
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
        let pause: Duration
        let now: ClockReading

        /// As it stands in the row, for a start to come and for people.
        var next: Timestamp { now.wall + pause }
        var due: MonotonicTime { now.monotonic + pause }
    }

    /// - Parameter policy: says how far ahead a due time may lie that is found in a row.
    init(limit: Int, policy: RetryPolicy, clock: ClockHistory, _ db: Database) throws {
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
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT arrival, next_attempt_at, error_kind IS 'trap' FROM parked WHERE next_attempt_at IS NOT NULL
                """)
        let now = clock.read()
        while let row = try rows.next() {
            let cell = Cells(row, of: "parked")
            let isTrial: Bool = try cell(2)
            let limit = isTrial ? policy.trialDelay : policy.longestPause
            let wait = clock.wait(until: try cell(1), limit: limit, at: now)
            set(try cell(0), isTrial: isTrial, now.monotonic + wait)
        }
    }

    // MARK: - Asking

    var nextDue: MonotonicTime? { retries.first }
    var nextTrial: MonotonicTime? { trials.first }

    /// Events of one subject wait for each other.
    ///
    /// *Guarantee*: what is said of a dead letter waits for nothing: it is a subject of its own, and so are bytes that are no
    /// event. *If broken*: the operator's alert about an event parks behind the dead letter of that same event.
    static func subject(of envelope: Envelope?, at logged: LoggedEvent) -> String {
        #if MUTANTS
            if Mutant.alertWaits.isOn, let envelope { return envelope.subject }
        #endif
        guard let envelope else { return "unreadable:\(logged.topic):\(logged.offset)" }
        return envelope.type == V1.EventDeadLettered.type ? "letter:\(envelope.id)" : envelope.subject
    }

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

    /// The first of those that are due.
    func due(at now: MonotonicTime, _ db: Database) throws -> [Parked] {
        try retries.arrivals(until: now).prefix(Self.retriesPerTurn).compactMap { try parked($0, db) }
    }

    /// The event that killed the process and is to be tried next, due or not.
    func nextTrial(_ db: Database) throws -> Parked? {
        try trials.arrivals(until: .never).first.flatMap { try parked($0, db) }
    }

    private func parked(_ arrival: Int64, _ db: Database) throws -> Parked? {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT \(Self.columns) FROM parked WHERE arrival = ?"), arguments: [arrival]
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
            failure?.now.wall.microseconds,
        ])
        count += 1
        hold(subject)
        if let failure { expect(failure, of: db.lastInsertedRowID) }
    }

    mutating func postpone(_ parked: Parked, _ failure: Failure, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE parked SET attempts = ?, next_attempt_at = ?, error_kind = ?, error = ?,
                    first_failed_at = coalesce(first_failed_at, ?)
                WHERE arrival = ?
                """)
        try statement.execute(arguments: [
            failure.attempts, failure.next.microseconds, failure.kind, failure.error, failure.now.wall.microseconds,
            parked.arrival,
        ])
        expect(failure, of: parked.arrival)
    }

    /// The subject has a parked event or an open letter from now on.
    mutating func hold(_ subject: String) {
        hasRows = true
        #if MUTANTS
            if Mutant.laterEventOvertakes.isOn { return }
        #endif
        subjects.insert(subject)
    }

    private mutating func expect(_ failure: Failure, of arrival: Int64) {
        set(arrival, isTrial: failure.kind == Fault.trapKind, failure.due)
    }

    private mutating func set(_ arrival: Int64, isTrial: Bool, _ due: MonotonicTime) {
        retries[arrival] = isTrial ? nil : due
        trials[arrival] = isTrial ? due : nil
    }

    // MARK: - Letting go

    /// The event is no longer set aside: it was handled, or it is dead.
    mutating func remove(_ parked: Parked, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM parked WHERE arrival = ?")
        try statement.execute(arguments: [parked.arrival])
        count -= 1
        retries[parked.arrival] = nil
        trials[parked.arrival] = nil
    }

    /// An event of the subject was handled: the next one is due, unless the subject has an open letter.
    mutating func goOn(_ subject: String, now: ClockReading, _ db: Database) throws {
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
        try statement.execute(arguments: [now.wall.microseconds, next])
        if retries[next] == nil, trials[next] == nil { set(next, isTrial: false, now.monotonic) }
    }

    /// After attempts: what is due next is known again.
    mutating func findNextDue() {
        retries.findFirst()
        trials.findFirst()
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

/// When attempts are due, by the arrival of their events.
private struct Dues {
    private var times: [Int64: MonotonicTime] = [:]
    /// Until the next `findFirst`, of one that is no longer due, perhaps.
    private(set) var first: MonotonicTime?

    subscript(_ arrival: Int64) -> MonotonicTime? {
        get { times[arrival] }
        set {
            times[arrival] = newValue
            if let newValue { first = min(first ?? newValue, newValue) }
        }
    }

    mutating func findFirst() {
        first = times.values.min()
    }

    /// In the order in which they are due.
    func arrivals(until now: MonotonicTime) -> [Int64] {
        guard let first, first <= now else { return [] }
        return times.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
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

import Contracts
import EventLog
import GRDB

/// What a service's tables say of the events that it set aside: parked, dead, given up on, handed in for a test.
struct DeskFacts {
    var parked: [Parked] = []
    var letters: [DeadLetter] = []
    /// What was done to a letter, by its event, in order.
    var actions: [EventID: [Action]] = [:]
    /// Events of the own topics that somebody handed in raw, by offset.
    var injected: [Topic: [UInt64: Injected]] = [:]
    /// Events that were applied as nothing, since the step was illegal.
    var anomalies: [Anomaly] = []

    struct Parked {
        let entry: ServiceFacts.Entry
        let subject: String
        /// False where it waits behind another event of its subject.
        let hasNextAttempt: Bool
        let digest: EventDigest
        /// Nil if the bytes are no event.
        let event: Envelope?
    }

    struct Anomaly {
        let entry: ServiceFacts.Entry
        let subject: String
        let type: String
    }

    struct DeadLetter {
        enum State: String { case open, redriven, discarded }

        let entry: ServiceFacts.Entry
        let subject: String
        /// Empty for bytes that are no event.
        let type: String
        /// What the letters of one group share, beside service and type.
        let signature: String
        let state: State
        /// It came from an export: no topic needs to hold it.
        let isImported: Bool
        /// As it came.
        let bytes: [UInt8]
        let errorKind: String
        let error: String
        let attempts: Int64
        /// Microseconds since 1970.
        let diedAt: Int64
        let original: Envelope?
        /// Bytes of an edit, which stand in for the original at this service.
        let corrected: [UInt8]?

        /// Not applied. Redriven letters were.
        var isAtTheDesk: Bool { state != .redriven }

        /// The event as the service acts on it; nil where the bytes are no event.
        var inForce: Envelope? {
            guard let corrected else { return original }
            return try? EventCoding.decode(corrected)  // nil: it stands for nothing
        }

        /// A letter about a letter is kept and counted, and makes no other: no topic needs to speak of it.
        var isAboutLetter: Bool { type == EventKind.eventDeadLettered.type }
    }

    /// An entry of the record of what was done with letters.
    struct Action {
        let number: Int64
        /// `retried`, `failed`, `edited`, `discarded`, `imported`.
        let name: String
        /// Microseconds since 1970.
        let at: Int64
        let actor: String
        let reason: String?
        let detail: String?
    }

    struct Injected {
        /// Nil for bytes that are no event.
        let id: EventID?
        let actor: String
    }

    private var indices: [EventID: Int] = [:]

    init() {}

    /// What events wait for each other by.
    static func subject(of event: Envelope?, at entry: ServiceFacts.Entry) -> String {
        guard let event else { return "unreadable:\(entry.topic):\(entry.offset)" }
        return event.type == EventKind.eventDeadLettered.type ? "letter:\(event.id)" : event.subject
    }

    /// The letter of an event; nil where it never died here.
    func letter(_ event: EventID) -> DeadLetter? { indices[event].map { letters[$0] } }

    init(_ db: Database) throws {
        let parkedRows = "SELECT event_id, topic, offset, subject, next_attempt_at, event FROM parked ORDER BY arrival"
        try db.forEachRow(parkedRows) { row in
            let due: Int64? = row[4]
            parked.append(
                Parked(
                    entry: try ServiceFacts.Entry(row), subject: row[3], hasNextAttempt: due != nil,
                    digest: EventDigest(row.bytes(5)[...]),
                    event: try? EventCoding.decode(row.bytes(5))))  // nil: bytes that are no event are set aside, too
        }
        try readLetters(db)
        let record =
            "SELECT event_id, number, action, at, actor, reason, detail FROM dead_letter_actions ORDER BY number"
        try db.forEachRow(record) { row in
            guard let id: EventID = row.identifier(0) else { return }
            actions[id, default: []].append(
                Action(number: row[1], name: row[2], at: row[3], actor: row[4], reason: row[5], detail: row[6]))
        }
        injected = try Self.injected(db)
        try db.forEachRow("SELECT event_id, topic, offset, subject, type FROM anomalies") { row in
            anomalies.append(Anomaly(entry: try ServiceFacts.Entry(row), subject: row[3], type: row[4]))
        }
    }

    private mutating func readLetters(_ db: Database) throws {
        let rows = """
            SELECT event_id, topic, offset, subject, type, signature, state, origin, event, corrected, error_kind, error,
                attempts, died_at
            FROM dead_letters
            """
        try db.forEachRow(rows) { row in
            let entry = try ServiceFacts.Entry(row)
            let word: String = row[6]
            guard let state = DeadLetter.State(rawValue: word) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "dead letter \(entry.id) is in a state '\(word)'")
            }
            let corrected = row.bytes(9)
            indices[entry.id] = letters.count
            letters.append(
                DeadLetter(
                    entry: entry, subject: row[3], type: row[4], signature: row[5], state: state,
                    isImported: row[7] == "import", bytes: row.bytes(8), errorKind: row[10], error: row[11],
                    attempts: row[12], diedAt: row[13],
                    original: try? EventCoding.decode(row.bytes(8)),  // nil: bytes that are no event lie there too
                    corrected: corrected.isEmpty ? nil : corrected))
        }
    }

    static func injected(_ db: Database) throws -> [Topic: [UInt64: Injected]] {
        var injected: [Topic: [UInt64: Injected]] = [:]
        try db.forEachRow("SELECT topic, sequence, event_id, actor FROM injected WHERE sequence > 0") { row in
            let sequence: Int64 = row[1]
            // Sequences count from 1, offsets from 0.
            injected[Topic(row[0]), default: [:]][UInt64(sequence - 1)] = Injected(
                id: row.identifier(2), actor: row[3])
        }
        return injected
    }
}

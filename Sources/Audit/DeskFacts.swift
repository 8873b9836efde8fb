import Contracts
import EventLog
import GRDB

/// What a service's tables say of the events that it set aside: parked, dead, given up on, handed in for a test.
struct DeskFacts {
    var parked: [Parked] = []
    var letters: [DeadLetter] = []
    /// What was done to a letter, by its event.
    var actions: [EventID: Set<String>] = [:]
    /// Events of the own topics that somebody handed in raw, by offset.
    var injected: [Topic: [UInt64: Injected]] = [:]
    /// Events that were applied as nothing, since the step was illegal.
    var anomalies = 0

    struct Parked {
        let entry: ServiceFacts.Entry
        let subject: String
        /// False where it waits behind another event of its subject.
        let hasNextAttempt: Bool
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

    struct Injected {
        /// Nil for bytes that are no event.
        let id: EventID?
        let actor: String
    }

    private var indices: [EventID: Int] = [:]

    init() {}

    /// The letter of an event; nil where it never died here.
    func letter(_ event: EventID) -> DeadLetter? { indices[event].map { letters[$0] } }

    init(_ db: Database) throws {
        let parkedRows = "SELECT event_id, topic, offset, subject, next_attempt_at FROM parked ORDER BY arrival"
        try db.forEachRow(parkedRows) { row in
            let due: Int64? = row[4]
            parked.append(Parked(entry: try ServiceFacts.Entry(row), subject: row[3], hasNextAttempt: due != nil))
        }
        try readLetters(db)
        try db.forEachRow("SELECT event_id, action FROM dead_letter_actions") { row in
            if let id: EventID = row.identifier(0) { actions[id, default: []].insert(row[1]) }
        }
        injected = try Self.injected(db)
        anomalies = try Int.fetchOne(db, sql: "SELECT count(*) FROM anomalies") ?? 0
    }

    private mutating func readLetters(_ db: Database) throws {
        let rows = """
            SELECT event_id, topic, offset, subject, type, signature, state, origin, event, corrected FROM dead_letters
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
                    isImported: row[7] == "import",
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

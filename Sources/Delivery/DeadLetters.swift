import Contracts
import EventLog
import Foundation
import GRDB
import Logging

/// Events a service gave up on: kept with bytes, place, error and attempts, and announced on its dead-letter topic, in
/// the transaction that moves the position.
enum DeadLetters {
    /// Longest error text kept, in characters.
    static let maximumErrorCharacters = 2000

    /// What is known of an event's death.
    struct Death {
        let id: EventID
        /// Nil for bytes that are no event.
        let envelope: Envelope?
        let kind: String
        let error: String
        let attempts: Int
        let firstFailedAt: Timestamp
        var origin = Origin.log
    }

    /// How a letter came to the desk.
    enum Origin: String {
        case log
        case imported = "import"
    }

    /// *Guarantee*: a death never fails for what the event is. An event that is itself about a dead letter makes no other
    /// (services would bury each other's for ever), and one too large to be wrapped is kept here alone. *If broken*: the
    /// consumer stands before that event for good.
    static func bury(
        _ logged: LoggedEvent, _ death: Death, now: Timestamp, _ node: ServiceNode, _ transaction: DeliveryTransaction
    ) throws {
        let error = String(death.error.prefix(maximumErrorCharacters))
        let subject = Parking.subject(of: death.envelope, at: logged)
        let statement = try transaction.db.cachedStatement(
            sql: """
                INSERT INTO dead_letters
                    (event_id, topic, offset, subject, type, event, error_kind, error, signature, attempts,
                    first_failed_at, died_at, origin)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Data(death.id.bytes), logged.topic.name, Int64(logged.offset), subject, death.envelope?.type ?? "",
            Data(logged.bytes), death.kind, error, ErrorSignature.of(kind: death.kind, error: error), death.attempts,
            death.firstFailedAt.microseconds, now.microseconds, death.origin.rawValue,
        ])
        #if MUTANTS
            if Mutant.deadLetterWithoutRow.isOn {
                try transaction.db.execute(
                    sql: "DELETE FROM dead_letters WHERE event_id = ?", arguments: [Data(death.id.bytes)])
            }
            if Mutant.deadLetterUnannounced.isOn { return }
        #endif
        guard death.envelope?.type != V1.EventDeadLettered.type else { return }
        let letter = V1.EventDeadLettered(
            service: node.card.name, eventID: death.id, topic: logged.topic.name, offset: logged.offset,
            // Whoever can read a dead-letter topic needs no card; the whole event lies in the database, for a redrive.
            event: PersonalData.masked(Array(logged.bytes), [.cardToken]), errorKind: death.kind, error: error,
            attempts: Int64(death.attempts))
        var about = Announcement(
            letter: death.id, of: death.envelope, subject: death.envelope?.subject ?? subject, now: now)
        if let event = death.envelope, let attempt = TraceContext.ofAttempt(death.attempts, event, by: node.card.name) {
            about.trace = attempt.description
        }
        do {
            let announced = try transaction.announce(letter, about)
            try transaction.carryOut(
                try node.card.onDeath(letter, transaction.db), cause: announced, recordedAt: announced.time)
        } catch let tooLarge as EventCodingError {
            node.logger.error(
                "a dead letter is kept in the database alone: it cannot be announced",
                metadata: node.place(logged, death.envelope, "\(tooLarge)"))
        }
    }

    /// Whether something of that place in the log died here, whatever became of it.
    static func holds(_ topic: Topic, _ offset: UInt64, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE topic = ? AND offset = ?)"),
            arguments: [topic.name, Int64(offset)]) ?? false
    }
}

/// What the desk says on the dead-letter topic is about: a letter.
struct Announcement {
    let letter: EventID
    /// Nil for bytes that are no event.
    let of: Envelope?
    let subject: String
    let now: Timestamp
    /// Which one of its kind about this letter.
    let ordinal: Int
    /// The span in which it is said: by default the letter's own.
    var trace: String?

    init(letter: EventID, of event: Envelope?, subject: String, now: Timestamp, ordinal: Int = 0) {
        self.letter = letter
        of = event
        self.subject = subject
        self.now = now
        self.ordinal = ordinal
        trace = event.flatMap { TraceContext.ofSending($0)?.description }
    }
}

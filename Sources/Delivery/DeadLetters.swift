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

    /// *Guarantee*: a death never fails for what the event is. An event that is itself about a dead letter makes no other
    /// (services would bury each other's for ever), and one too large to be wrapped is kept here alone. *If broken*: the
    /// consumer stands before that event for good.
    static func bury(
        _ logged: LoggedEvent, id: EventID, envelope: Envelope?, kind: String, error: String, attempts: Int,
        firstFailedAt: Timestamp, now: Timestamp, _ node: ServiceNode, _ transaction: DeliveryTransaction
    ) throws {
        let error = String(error.prefix(maximumErrorCharacters))
        let subject = envelope?.subject ?? unreadableSubject(logged)
        try transaction.db.execute(
            sql: """
                INSERT INTO dead_letters
                    (event_id, topic, offset, subject, event, error_kind, error, attempts, first_failed_at, died_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Data(id.bytes), logged.topic.name, Int64(logged.offset), subject, Data(logged.bytes), kind, error,
                attempts,
                firstFailedAt.microseconds, now.microseconds,
            ])
        guard envelope?.type != V1.EventDeadLettered.type else { return }
        let letter = V1.EventDeadLettered(
            service: node.card.name, eventID: id, topic: logged.topic.name, offset: logged.offset,
            event: Array(logged.bytes),
            errorKind: kind, error: error, attempts: Int64(attempts))
        do {
            try transaction.announce(letter, of: envelope, subject: subject, at: max(now, envelope?.time ?? now))
        } catch let tooLarge as EventCodingError {
            node.logger.error(
                "a dead letter is kept in the database alone: it cannot be announced",
                metadata: ["event": "\(id)", "error": "\(tooLarge)"])
        }
    }

    /// Bytes that are no event belong to no order; each is a subject of its own.
    static func unreadableSubject(_ logged: LoggedEvent) -> String {
        "unreadable:\(logged.topic):\(logged.offset)"
    }
}

import Contracts
import EventLog
import Foundation
import GRDB

/// Events a service gave up on: kept with bytes, place, error and attempts, and announced on its dead-letter topic, in
/// the transaction that moves the position.
enum DeadLetters {
    static func bury(
        _ logged: LoggedEvent, id: EventID, envelope: Envelope?, kind: String, error: String, attempts: Int,
        firstFailedAt: Timestamp, now: Timestamp, service: ServiceName, _ transaction: DeliveryTransaction
    ) throws {
        let subject = envelope?.subject ?? unreadableSubject(logged)
        try transaction.db.execute(
            sql: """
                INSERT INTO dead_letters
                    (event_id, topic, offset, subject, event, error_kind, error, attempts, first_failed_at, died_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Data(id.bytes), logged.topic.name, Int64(logged.offset), subject, Data(logged.bytes), kind, error, attempts,
                firstFailedAt.microseconds, now.microseconds,
            ])
        let letter = V1.EventDeadLettered(
            service: service, eventID: id, topic: logged.topic.name, offset: logged.offset, event: logged.bytes, errorKind: kind,
            error: error, attempts: Int64(attempts))
        try transaction.announce(letter, of: envelope, subject: subject, at: now)
    }

    /// Bytes that are no event belong to no order; each is a subject of its own.
    static func unreadableSubject(_ logged: LoggedEvent) -> String {
        "unreadable:\(logged.topic):\(logged.offset)"
    }
}

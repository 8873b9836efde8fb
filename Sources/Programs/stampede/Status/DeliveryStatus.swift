import Contracts
import EventLog
import Foundation
import GRDB

/// How far a service has read, and what lies on its desk.
struct DeliveryStatus {
    let consumes: [LagReading]
    let unpublished: Int64
    /// When the oldest event that waits in the outbox was decided.
    let oldestUnpublished: Timestamp?
    let parked: Int64
    let deadLetters: Int64
    /// When the oldest open dead letter died.
    let oldestDeadLetter: Timestamp?
    let openCalls: Int64
    /// Nil while the consumer is not paused.
    let paused: ConsumerPause?

    static func read(_ service: ServiceName, _ data: DataDirectory, _ logbook: Logbook) throws -> DeliveryStatus {
        try Evidence.read(data.database(of: service)) { db in
            func count(_ sql: String) throws -> Int64 { try Int64.fetchOne(db, sql: sql) ?? 0 }
            return DeliveryStatus(
                consumes: try LagReading.all(of: service, db, logbook),
                unpublished: try count(
                    """
                    SELECT count(*) FROM outbox LEFT JOIN outbox_topics USING (topic)
                    WHERE sequence > coalesce(published_sequence, 0)
                    """),
                oldestUnpublished: try oldestUnpublished(db),
                parked: try count("SELECT count(*) FROM parked"),
                deadLetters: try count("SELECT count(*) FROM dead_letters WHERE state = 'open'"),
                oldestDeadLetter: try Int64.fetchOne(
                    db, sql: "SELECT min(died_at) FROM dead_letters WHERE state = 'open'"
                ).map(Timestamp.init(microseconds:)),
                openCalls: try count("SELECT count(*) FROM intents WHERE state = 'open'"),
                paused: try ConsumerPause.read(db))
        } ?? never(service, logbook)
    }

    private static func oldestUnpublished(_ db: Database) throws -> Timestamp? {
        let first = try Data.fetchAll(
            db,
            sql: """
                SELECT (SELECT event FROM outbox WHERE outbox.topic = outbox_topics.topic
                    AND sequence > published_sequence ORDER BY sequence LIMIT 1) AS event
                FROM outbox_topics WHERE event IS NOT NULL
                """)
        return first.compactMap { [UInt8]($0).withUnsafeBytes { EventHead($0)?.time } }.min()
    }

    /// Of a service that never had a database: everything is yet to read.
    private static func never(_ service: ServiceName, _ logbook: Logbook) throws -> DeliveryStatus {
        DeliveryStatus(
            consumes: try LagReading.all(of: service, nil, logbook), unpublished: 0,
            oldestUnpublished: nil, parked: 0, deadLetters: 0,
            oldestDeadLetter: nil, openCalls: 0, paused: nil)
    }
}

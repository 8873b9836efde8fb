import Contracts
import EventLog
import Foundation
import GRDB

/// How far a service has read, and what lies on its desk.
struct DeliveryStatus {
    struct Lag {
        let topic: Topic
        var position: Position
        /// Read after the position, so that it is never below it for a log that is whole.
        var end: UInt64?
        /// Time of the first event not yet read.
        var oldest: Timestamp?

        var behind: UInt64? { end.map { $0 > position.nextOffset ? $0 - position.nextOffset : 0 } }
    }

    var consumes: [Lag]
    var unpublished: Int64
    var parked: Int64
    var deadLetters: Int64
    /// When the oldest open dead letter died.
    var oldestDeadLetter: Timestamp?
    var openCalls: Int64
    /// Nil while the consumer is not paused.
    var paused: ConsumerPause?

    /// The topics that each service reads, from their beginning where it never read one.
    static func topics(of service: ServiceName) -> [Topic] {
        switch service {
        case .order: [.inventory, .payments]
        case .inventory: [.orders, .payments]
        case .payment: [.inventory, .orders]
        case .notification:
            [.orders] + ServiceName.allCases.filter { $0 != .notification }.map(\.deadLetterTopic)
        case .analytics: [.orders, .inventory, .payments, .notifications]
        }
    }

    /// Of a service that never ran: everything is yet to read.
    static func never(_ service: ServiceName) -> DeliveryStatus {
        DeliveryStatus(
            consumes: topics(of: service).map { Lag(topic: $0, position: Position(nextOffset: 0, token: [])) },
            unpublished: 0, parked: 0, deadLetters: 0, oldestDeadLetter: nil, openCalls: 0, paused: nil)
    }

    /// Nil where the service never had a database.
    static func read(_ service: ServiceName, _ data: DataDirectory) throws -> DeliveryStatus? {
        try Evidence.read(data.database(of: service)) { db in
            var positions: [Topic: Position] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT topic, next_offset, token FROM consumer_positions") {
                positions[Topic(row["topic"])] = Position(
                    nextOffset: UInt64(max(0, row["next_offset"] as Int64)), token: [UInt8](row["token"] as Data))
            }
            let usual = topics(of: service)
            let more = positions.keys.filter { !usual.contains($0) }.sorted { $0.name < $1.name }
            func count(_ sql: String) throws -> Int64 { try Int64.fetchOne(db, sql: sql) ?? 0 }
            return DeliveryStatus(
                consumes: (usual + more).map {
                    Lag(topic: $0, position: positions[$0] ?? Position(nextOffset: 0, token: []))
                },
                unpublished: try count(
                    """
                    SELECT count(*) FROM outbox LEFT JOIN outbox_topics USING (topic)
                    WHERE sequence > coalesce(published_sequence, 0)
                    """),
                parked: try count("SELECT count(*) FROM parked"),
                deadLetters: try count("SELECT count(*) FROM dead_letters WHERE state = 'open'"),
                oldestDeadLetter: try Int64.fetchOne(
                    db, sql: "SELECT min(died_at) FROM dead_letters WHERE state = 'open'"
                ).map(Timestamp.init(microseconds:)),
                openCalls: try count("SELECT count(*) FROM intents WHERE state = 'open'"),
                paused: try ConsumerPause.read(db))
        }
    }

    /// Fills in the ends, and the age of what waits.
    mutating func compare(with logbook: Logbook, _ problems: inout [String]) {
        for index in consumes.indices {
            let lag = consumes[index]
            do {
                let end = try logbook.end(of: lag.topic)
                consumes[index].end = end
                if lag.position.nextOffset > end {
                    problems.append(
                        "the position \(lag.position.nextOffset) on \(lag.topic) is past the topic's end \(end): "
                            + "log or database is an old copy")
                } else if lag.position.nextOffset < end {
                    consumes[index].oldest = try Self.time(at: lag.position, lag.topic, logbook)
                }
            } catch {
                problems.append("\(error)")
            }
        }
    }

    private static func time(at position: Position, _ topic: Topic, _ logbook: Logbook) throws -> Timestamp? {
        let reader =
            try position.nextOffset == 0
            ? logbook.reader(of: topic, from: nil) : logbook.reader(of: topic, at: position)
        defer { reader.close() }
        guard let event = try reader.read(maximumEvents: 1, maximumBytes: 0).first else { return nil }
        return try? EventCoding.decode(event.bytes).time  // bytes that are no event have no time
    }
}

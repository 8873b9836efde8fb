import Contracts
import Delivery
import EventLog
import Foundation
import GRDB

/// How far one consumer had read one topic at one instant.
struct LagReading: Sendable {
    let service: ServiceName
    let topic: Topic
    /// Before the first event where the consumer never read one.
    let position: Position
    /// Nil where the topic cannot be read.
    let end: UInt64?
    /// Time of the first event not yet read; nil where there is none.
    let oldest: Timestamp?
    /// Events that were read and wait: for their next attempt, or behind another of their order.
    let parked: Int64
    let oldestParked: Timestamp?
    /// When position and end were read.
    let time: Timestamp
    /// What could not be read, or cannot be.
    let problem: String?

    /// Never negative: a position past the end, of an old copy of the log, is a problem of its own.
    var behind: UInt64? { end.map { $0 > position.nextOffset ? $0 - position.nextOffset : 0 } }

    /// Age of the first event not yet read, when this was read; 0 where there is none, nil where it cannot be told.
    var secondsBehind: Double? { behind == 0 ? 0 : oldest.map { Self.seconds(from: $0, to: time) } }

    var parkedSeconds: Double? { oldestParked.map { Self.seconds(from: $0, to: time) } }

    /// Never negative: clocks are set back.
    static func seconds(from start: Timestamp, to end: Timestamp) -> Double {
        Double(max(0, end.microseconds - start.microseconds)) / 1e6
    }

    // MARK: - Reading

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

    /// From files alone, so that it can be told of a service that is down, hangs, or is too busy to answer.
    static func all(of service: ServiceName, _ data: DataDirectory, _ logbook: Logbook) throws -> [LagReading] {
        try Evidence.read(data.database(of: service)) { try all(of: service, $0, logbook) }
            ?? all(of: service, nil, logbook)
    }

    /// What a service's consumer has read, on all its topics.
    ///
    /// *Guarantee*: position and end are of one moment. Both are read while one transaction holds the position, the end
    /// after it: the position is never past the end of a log that is whole.
    /// *If broken*: under load the lag swings below zero, or shows events that were read long ago.
    ///
    /// - Parameter db: the service's database; nil where it has none: it never ran, and everything is yet to read.
    static func all(of service: ServiceName, _ db: Database?, _ logbook: Logbook) throws -> [LagReading] {
        var positions: [Topic: Position] = [:]
        for row in try db.map({
            try Row.fetchAll($0, sql: "SELECT topic, next_offset, token FROM consumer_positions")
        }) ?? [] {
            let cell = Cells(row, of: "consumer_positions")
            positions[Topic(try cell(0))] = Position(nextOffset: try cell(1), token: try cell(2))
        }
        let usual = topics(of: service)
        let more = positions.keys.filter { !usual.contains($0) }.sorted { $0.name < $1.name }
        return try (usual + more).map { topic in
            LagReading(
                service, topic, positions[topic] ?? Position(nextOffset: 0, token: []), try parked(topic, db), logbook)
        }
    }

    private init(
        _ service: ServiceName, _ topic: Topic, _ position: Position, _ parked: (count: Int64, oldest: Timestamp?),
        _ logbook: Logbook
    ) {
        self.service = service
        self.topic = topic
        self.position = position
        self.parked = parked.count
        oldestParked = parked.oldest
        var (end, oldest, time, problem): (UInt64?, Timestamp?, Timestamp?, String?)
        do {
            let found = try logbook.end(of: topic)
            (end, time) = (found, Words.now())
            if found > position.nextOffset { oldest = try Self.time(at: position, topic, logbook) }
            if found < position.nextOffset {
                problem =
                    "\(service.rawValue)'s position \(position.nextOffset) on \(topic) is past the topic's end \(found): "
                    + "log or database is an old copy"
            }
        } catch {
            problem = "\(error)"
        }
        self.end = end
        self.oldest = oldest
        self.time = time ?? Words.now()
        self.problem = problem
    }

    private static func parked(_ topic: Topic, _ db: Database?) throws -> (count: Int64, oldest: Timestamp?) {
        guard let db else { return (0, nil) }
        let count = try Int64.fetchOne(db, sql: "SELECT count(*) FROM parked WHERE topic = ?", arguments: [topic.name])
        let first = try Data.fetchOne(
            db, sql: "SELECT event FROM parked WHERE topic = ? ORDER BY arrival LIMIT 1", arguments: [topic.name])
        return (count ?? 0, first.flatMap { try? EventCoding.decode([UInt8]($0)).time })  // it may be no event
    }

    private static func time(at position: Position, _ topic: Topic, _ logbook: Logbook) throws -> Timestamp? {
        let reader =
            if position.nextOffset > 0 {
                try logbook.reader(of: topic, at: position)
            } else {
                try logbook.reader(of: topic, from: nil)
            }
        defer { reader.close() }
        guard let event = try reader.read(maximumEvents: 1, maximumBytes: 0).first else { return nil }
        return try? EventCoding.decode(event.bytes).time  // bytes that are no event have no time
    }
}

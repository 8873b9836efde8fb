package import Contracts
package import EventLog
import Foundation
package import GRDB

/// Makes a service's domain tables anew from the log: facts are applied, nothing is decided.
///
/// The service's own topic in order, foreign topics under any interleaving; up to the live positions, leaving out
/// exactly the events that wait or lie at the desk.
package struct Rebuild {
    private let card: ServiceCard
    private let log: any EventLog

    package init(card: ServiceCard, log: any EventLog) {
        self.card = card
        self.log = log
    }

    /// What of the live database decides how far a rebuild goes.
    package struct Extent: Sendable {
        package var ownSequences: UInt64
        package var positions: [Topic: UInt64]
        package var leftOut: Set<EventID>

        package init(card: ServiceCard, live db: Database) throws {
            ownSequences =
                UInt64(
                    try Int64.fetchOne(
                        db, sql: "SELECT next_sequence FROM outbox_topics WHERE topic = ?", arguments: [card.name.topic.name]) ?? 1) - 1
            positions = [:]
            for topic in card.topics {
                positions[topic] = try ConsumerPositions.load(topic, db)?.nextOffset ?? 0
            }
            leftOut = Set(
                try Data.fetchAll(
                    db, sql: "SELECT event_id FROM parked UNION SELECT event_id FROM dead_letters WHERE state <> 'redriven'"
                ).compactMap { EventID(bytes: $0) })
        }
    }

    /// Events handled at a time from one topic.
    package static let turnEvents = 512

    /// - Parameters:
    ///   - eventsPerPick: events handled of a topic before `pick` is asked again.
    ///   - pick: which of the topics that have events left goes on: its index among `count`.
    package func run(
        into db: Database, extent: Extent, eventsPerPick: Int = Self.turnEvents, pick: (_ count: Int) -> Int = { _ in 0 }
    ) throws {
        try card.createTables(db)
        let facts = Dictionary(uniqueKeysWithValues: card.facts.map { ($0.type, $0) })
        var streams = [Stream(reader: try log.openReader(of: card.name.topic, from: nil), end: extent.ownSequences, isOwn: true)]
        for topic in card.topics {
            streams.append(
                Stream(reader: try log.openReader(of: topic, from: nil), end: extent.positions[topic] ?? 0, isOwn: false))
        }
        let subscriptions = Dictionary(grouping: card.subscriptions, by: \.topic).mapValues { list in
            Dictionary(uniqueKeysWithValues: list.map { ($0.type, $0) })
        }
        defer { for stream in streams { stream.reader.close() } }
        while !streams.isEmpty {
            let index = pick(streams.count)
            let room = Int(min(UInt64(eventsPerPick), streams[index].end - streams[index].reader.position.nextOffset))
            let events = room == 0 ? [] : try streams[index].reader.read(maximumEvents: room, maximumBytes: 1 << 20)
            if events.isEmpty {
                streams.remove(at: index).reader.close()
                continue
            }
            for logged in events {
                guard let envelope = try? EventCoding.decode(logged.bytes) else { continue }  // it lies at the desk
                if extent.leftOut.contains(envelope.id) { continue }
                if streams[index].isOwn {
                    try facts[envelope.type]?.applyBytes(envelope, db)
                } else if let subscription = subscriptions[logged.topic]?[envelope.type] {
                    try subscription.apply(envelope, envelope.time, db)
                }
            }
        }
    }

    private struct Stream {
        let reader: any TopicReader
        let end: UInt64
        let isOwn: Bool
    }
}

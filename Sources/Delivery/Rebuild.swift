package import Contracts
package import EventLog
import Foundation
package import GRDB

/// Makes a service's domain tables anew from the log: facts are applied, nothing is decided.
///
/// The service's own topic in order, foreign topics under any interleaving; up to the live positions, leaving out
/// exactly the events that wait or lie at the desk. Where a letter was edited, the corrected bytes stand in for its
/// event's; letters that were imported come from the desk, for no topic holds them.
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
        /// Own events that an operator handed in, and the service never decided.
        var injected: Set<UInt64>
        /// Bytes that an edit put in the place of an event, by topic and offset.
        var standIns: [Topic: [UInt64: [UInt8]]] = [:]
        var imported: [(topic: Topic, event: [UInt8])] = []
        /// Own events that the log may not hold yet, by sequence.
        var unpublished: [UInt64: [UInt8]] = [:]

        package init(card: ServiceCard, live db: Database) throws {
            let counter = try Row.fetchOne(
                db, sql: "SELECT next_sequence FROM outbox_topics WHERE topic = ?", arguments: [card.name.topic.name]
            ).map { Cells($0, of: "outbox_topics") }
            let next: UInt64 = try counter.map { try $0(0) } ?? 1
            guard next > 0 else { throw counter?.fault(at: 0, expected: "a sequence") ?? DatabaseError() }
            ownSequences = next - 1
            positions = [:]
            for topic in card.topics {
                positions[topic] = try ConsumerPositions.load(topic, db)?.nextOffset ?? 0
            }
            leftOut = Set(
                try Data.fetchAll(
                    db,
                    sql: "SELECT event_id FROM parked UNION SELECT event_id FROM dead_letters WHERE state <> 'redriven'"
                ).compactMap { EventID(bytes: $0) })
            injected = Set(
                try Row.fetchAll(
                    db, sql: "SELECT sequence FROM injected WHERE topic = ?", arguments: [card.name.topic.name]
                ).map { try Cells($0, of: "injected")(0) as UInt64 })
            try readDesk(db)
            let waiting = try Row.fetchAll(
                db, sql: "SELECT sequence, event FROM outbox WHERE topic = ?", arguments: [card.name.topic.name])
            for row in waiting {
                let cell = Cells(row, of: "outbox")
                unpublished[try cell(0)] = try cell(1) as [UInt8]
            }
        }

        private mutating func readDesk(_ db: Database) throws {
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT topic, offset, coalesce(corrected, event), origin = 'import' FROM dead_letters
                    WHERE state = 'redriven' AND (corrected IS NOT NULL OR origin = 'import')
                    """)
            while let row = try rows.next() {
                let cell = Cells(row, of: "dead_letters")
                let topic = Topic(try cell(0))
                let event: [UInt8] = try cell(2)
                if try cell(3) {
                    imported.append((topic, event))
                } else {
                    standIns[topic, default: [:]][try cell(1)] = event
                }
            }
        }
    }

    /// Events handled at a time from one topic.
    package static let turnEvents = 512

    /// - Parameters:
    ///   - eventsPerPick: events handled of a topic before `pick` is asked again.
    ///   - pick: which of the topics that have events left goes on: its index among `count`.
    ///   - afterTurn: called with the number of events read since the last call.
    package func run(
        into db: Database, extent: Extent, eventsPerPick: Int = Self.turnEvents,
        pick: (_ count: Int) -> Int = { _ in 0 }, afterTurn: (_ events: Int) -> Void = { _ in }
    ) throws {
        try card.createTables(db)
        let facts = Dictionary(uniqueKeysWithValues: card.facts.map { ($0.type, $0) })
        let subscriptions = Dictionary(grouping: card.subscriptions, by: \.topic).mapValues { list in
            Dictionary(uniqueKeysWithValues: list.map { ($0.type, $0) })
        }
        var streams = [try Stream(card.name.topic, end: extent.ownSequences, log, unpublished: extent.unpublished)]
        for topic in card.topics {
            streams.append(try Stream(topic, end: extent.positions[topic] ?? 0, log))
        }
        defer { for stream in streams { stream.close() } }
        // One id at two offsets was applied once, and so was one fact in two versions.
        var seen = extent.leftOut
        while !streams.isEmpty {
            let index = pick(streams.count)
            let topic = streams[index].topic
            var offset = streams[index].offset
            let events = try streams[index].next(eventsPerPick)
            if events.isEmpty {
                streams.remove(at: index).close()
                continue
            }
            defer { afterTurn(events.count) }
            for bytes in events {
                defer { offset += 1 }
                let bytes = extent.standIns[topic]?[offset].map { $0[...] } ?? bytes
                guard let envelope = try? EventCoding.decode(bytes) else { continue }  // it lies at the desk
                if topic == card.name.topic {
                    // Sequences count from 1, offsets from 0.
                    if extent.injected.contains(offset + 1) { continue }
                    try facts[envelope.type]?.applyBytes(envelope, db)
                } else {
                    try apply(envelope, topic, subscriptions, &seen, db)
                }
            }
        }
        for (topic, event) in extent.imported {
            if let envelope = try? EventCoding.decode(event) {  // as above
                try apply(envelope, topic, subscriptions, &seen, db)
            }
        }
    }

    private func apply(
        _ envelope: Envelope, _ topic: Topic, _ subscriptions: [Topic: [String: Subscription]],
        _ seen: inout Set<EventID>, _ db: Database
    ) throws {
        guard let subscription = subscriptions[topic]?[envelope.type] else { return }
        guard seen.insert(envelope.id).inserted else { return }
        if let twin = envelope.twinOf, !seen.insert(twin).inserted { return }
        try subscription.apply(envelope, db)
    }
}

/// One topic from its first event to where the live database has read it, or has made it.
private struct Stream {
    let topic: Topic
    private let end: UInt64
    private let reader: any TopicReader
    private let unpublished: [UInt64: [UInt8]]
    private(set) var offset: UInt64 = 0
    private var isPastLog = false

    init(_ topic: Topic, end: UInt64, _ log: any EventLog, unpublished: [UInt64: [UInt8]] = [:]) throws {
        self.topic = topic
        self.end = end
        self.unpublished = unpublished
        reader = try log.openReader(of: topic, from: nil)
    }

    /// Empty at the end only.
    ///
    /// - Throws: `RebuildIncomplete` where events between here and the end are not to be had.
    mutating func next(_ limit: Int) throws -> [ArraySlice<UInt8>] {
        guard offset < end else { return [] }
        let room = Int(min(UInt64(limit), end - offset))
        var events: [ArraySlice<UInt8>] = []
        if !isPastLog {
            let logged = try reader.read(maximumEvents: room, maximumBytes: 1 << 20)
            if let first = logged.first, first.offset != offset {
                throw RebuildIncomplete(topic: topic, missing: offset, end: end)
            }
            events = logged.map(\.bytes)
            isPastLog = events.isEmpty
        }
        if isPastLog {
            // Own events that were made and are on their way to the log: sequence 1 has offset 0.
            while events.count < room, let event = unpublished[offset + UInt64(events.count) + 1] {
                events.append(event[...])
            }
        }
        guard !events.isEmpty else { throw RebuildIncomplete(topic: topic, missing: offset, end: end) }
        offset += UInt64(events.count)
        return events
    }

    func close() {
        reader.close()
    }
}

/// The log does not hold all that the live database has seen or made.
package struct RebuildIncomplete: Error, CustomStringConvertible {
    package let topic: Topic
    package let missing: UInt64
    package let end: UInt64

    package var description: String {
        "topic \(topic) has no event at offset \(missing), the live database knows it up to \(end): "
            + "was it archived, or is this another log? Nothing can be rebuilt from the rest"
    }
}

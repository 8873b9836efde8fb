import Contracts
import EventLog
import FileEventLog
import Foundation
import GRDB
import TestSupport

/// The topics of a run, and how a forger rewrites one: every frame, hash and position as it would be had the log always
/// held these events.
struct EvidenceLog {
    private let directory: String
    private let topics: [(topic: Topic, events: [Logged])]

    struct Logged {
        var bytes: [UInt8]
        var appendedAt: Timestamp
    }

    init(directory: String) throws {
        self.directory = directory
        let log = Self.log(directory) { Timestamp(microseconds: 0) }
        topics = try log.topics().sorted { $0.name < $1.name }.map { topic in
            let reader = try log.openReader(of: topic, from: nil)
            defer { reader.close() }
            var events: [Logged] = []
            while let event = try reader.read(maximumEvents: 1, maximumBytes: .max).first {
                let appendedAt = reader.appendedAt ?? Timestamp(microseconds: 0)
                events.append(Logged(bytes: Array(event.bytes), appendedAt: appendedAt))
            }
            return (topic, events)
        }
    }

    // MARK: - Changes

    func changeField(_ random: inout SeededRandom) throws -> Change? {
        let (topic, events) = topics[random.below(topics.count)]
        guard !events.isEmpty else { return nil }
        let offset = random.below(events.count)
        guard let event = try? EventCoding.decode(events[offset].bytes) else { return nil }
        var fields = EventFields(event)
        let others = events.compactMap { try? EventCoding.decode($0.bytes) }.filter { $0.type == event.type }
        guard let (path, detail) = fields.changeOne(others: others, &random) else { return nil }
        var changed = events
        guard let bytes = try? EventCoding.encode(fields.envelope), bytes != events[offset].bytes else { return nil }
        changed[offset].bytes = bytes
        try rewrite(topic, changed)
        return Change(.eventField, "\(topic) \(event.type) \(path)", "offset \(offset): \(detail)")
    }

    /// An event that somebody said, as evidence of a type.
    struct Sample {
        let topic: Topic
        let offset: Int
        let event: Envelope
    }

    /// The first events of each type that can be read.
    func samples(of types: Set<String>, _ perType: Int) -> [Sample] {
        var found: [String: Int] = [:]
        var samples: [Sample] = []
        for (topic, events) in topics {
            for (offset, logged) in events.enumerated() {
                guard let event = try? EventCoding.decode(logged.bytes), types.contains(event.type),
                    found[event.type, default: 0] < perType
                else { continue }
                found[event.type, default: 0] += 1
                samples.append(Sample(topic: topic, offset: offset, event: event))
            }
        }
        return samples
    }

    /// Changes one field of an event; nil where nothing was changed.
    func change(_ sample: Sample, _ field: EventFields.Field, _ path: String, _ random: inout SeededRandom) throws
        -> Change?
    {
        guard let (topic, events) = topics.first(where: { $0.topic == sample.topic }) else { return nil }
        let others = events.compactMap { try? EventCoding.decode($0.bytes) }.filter {
            $0.type == sample.event.type && $0.id != sample.event.id
        }
        var fields = EventFields(sample.event)
        guard let (path, detail) = fields.change(field, path, others: others, &random),
            let bytes = try? EventCoding.encode(fields.envelope), bytes != events[sample.offset].bytes
        else { return nil }
        var changed = events
        changed[sample.offset].bytes = bytes
        try rewrite(topic, changed)
        return Change(.eventField, "\(topic) \(sample.event.type) \(path)", "offset \(sample.offset): \(detail)")
    }

    /// Removes, repeats or moves an event.
    func changeEvents(_ random: inout SeededRandom) throws -> Change? {
        var (topic, events) = topics[random.below(topics.count)]
        guard !events.isEmpty else { return nil }
        let offset = random.below(events.count)
        let type = (try? EventCoding.type(of: events[offset].bytes[...])) ?? "?"
        let verb: String
        switch random.below(4) {
        case 0:
            events.remove(at: offset)
            verb = "removed"
        case 1:
            events.removeLast()
            verb = "last event removed"
        case 2:
            events.insert(events[offset], at: offset + random.below(events.count - offset))
            verb = "repeated"
        default:
            let other = random.below(events.count)
            guard events[other].bytes != events[offset].bytes else { return nil }
            (events[offset].bytes, events[other].bytes) = (events[other].bytes, events[offset].bytes)
            verb = "exchanged with \(other)"
        }
        try rewrite(topic, events)
        return Change(.event, "\(topic) \(type) \(verb.prefix { $0 != " " })", "offset \(offset) \(verb)")
    }

    /// One byte of a file of the log, as it lies there: of a segment, one that was acknowledged.
    func changeByte(_ random: inout SeededRandom) throws -> Change? {
        let topic = topics[random.below(topics.count)].topic
        let folder = directory + "/log/" + topic.name
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { $0 != "quarantine" }
        let name = names[random.below(names.count)]
        let path = folder + "/" + name
        var contents = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let suffix = (name as NSString).pathExtension
        let end =
            suffix == "segment" ? Self.acknowledgedEnd(contents) : contents.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        guard end > 0 else { return nil }
        let byte = random.below(end)
        contents[byte] ^= UInt8(1 << random.below(8))
        try Data(contents).write(to: URL(fileURLWithPath: path))
        let isWakeWord = name == "commit" && (12..<16).contains(byte)
        let place = isWakeWord ? "wake word" : suffix.isEmpty ? name : suffix
        return Change(.logByte, "log \(place)", "\(topic)/\(name) byte \(byte)")
    }

    /// Behind the last frame of events, or a seal, of a segment (docs/reference/log-format.md, "Frame"): a frame behind it may
    /// be an append that a crash cut off.
    static func acknowledgedEnd(_ segment: [UInt8]) -> Int {
        var (position, end) = (128, 128)
        while position + 96 <= segment.count, Array(segment[position..<position + 4]) == Array("SLF1".utf8) {
            let length = (0..<4).reduce(0) { $0 | Int(segment[position + 4 + $1]) << (8 * $1) }
            guard length >= 96 else { break }
            if segment[position + 17] < 2 { end = position + length }
            position += length
        }
        return end
    }

    // MARK: - Forging

    /// Writes a topic anew, and the position of every consumer that stands in it.
    private func rewrite(_ topic: Topic, _ events: [Logged]) throws {
        for folder in ["log", "archive"] {
            let path = "\(directory)/\(folder)/\(topic.name)"
            try? FileManager.default.removeItem(atPath: path)  // not every topic has both
        }
        let clock = ForgedClock()
        let log = Self.log(directory) { clock.now }
        clock.now = events.first?.appendedAt ?? Timestamp(microseconds: 0)
        let writer = try log.openWriter(of: topic)
        for (index, event) in events.enumerated() {
            clock.now = event.appendedAt
            try writer.append([event.bytes], firstSequence: UInt64(index + 1))
        }
        writer.close()
        for path in EvidenceTables.paths(in: directory) { try forgePositions(in: path, topic, log) }
    }

    private func forgePositions(in path: String, _ topic: Topic, _ log: FileEventLog) throws {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }  // the file is a copy, and is put back
        try database.write { db in
            guard try db.tableExists("consumer_positions") else { return }
            let sql = "SELECT next_offset FROM consumer_positions WHERE topic = ?"
            guard let next = try Int.fetchOne(db, sql: sql, arguments: [topic.name]) else { return }
            let reader = try log.openReader(of: topic, from: nil)
            defer { reader.close() }
            while reader.position.nextOffset < UInt64(next),
                try !reader.read(maximumEvents: 1, maximumBytes: .max).isEmpty
            {}
            try db.execute(
                sql: "UPDATE consumer_positions SET token = ? WHERE topic = ?",
                arguments: [Data(reader.position.token), topic.name])
        }
    }

    private static func log(_ directory: String, now: @escaping @Sendable () -> Timestamp) -> FileEventLog {
        FileEventLog(
            directory: directory + "/log", archive: directory + "/archive",
            options: FileEventLog.Options(segmentBytes: 64 << 10, zeroAheadBytes: 0), now: now,
            randomBytes: { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 + 1) } })
    }
}

/// The time of each frame as it was. One thread uses it.
private final class ForgedClock: @unchecked Sendable {
    var now = Timestamp(microseconds: 0)
}

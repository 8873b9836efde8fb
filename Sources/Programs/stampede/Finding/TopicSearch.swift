import Contracts
import EventLog

/// Looks for an order's events in one topic, where they should be, and counts what it reads.
///
/// *Guarantee*: what is read does not grow with the topic, but for the halving. A short topic is read whole. *Why times
/// will do*: an event's time is its outbox row's, and a topic has one writer. Where a clock was set back, a place may be
/// missed; whoever must be certain that an event is not there reads the topic (`whole`).
final class TopicSearch {
    let topic: Topic
    private let logbook: Logbook
    let first: UInt64
    let end: UInt64
    private let segments: [UInt64]
    private var reader: (any TopicReader)?
    private(set) var eventsRead: UInt64 = 0
    private var seen: [Range<UInt64>] = []
    /// Places of what was wanted.
    private(set) var found: Set<UInt64> = []

    /// Events read around a time. A topic of no more is read whole.
    static let window: UInt64 = 1024
    /// Events that are read over rather than gone around.
    private static let stride: UInt64 = 128
    /// Events before the place that a time leads to: clocks are set back a little now and then.
    private static let slack: UInt64 = 1024

    init(_ topic: Topic, _ logbook: Logbook) throws {
        self.topic = topic
        self.logbook = logbook
        segments = logbook.segmentStarts(of: topic)
        first = segments.first ?? 0
        end = try logbook.end(of: topic)
    }

    deinit {
        reader?.close()
    }

    var isShort: Bool { end - min(first, end) <= Self.window }

    /// An event, and when it was appended; nil where it is not at hand. Cheapest in the order of the offsets.
    func event(at offset: UInt64) throws -> (event: LoggedEvent, appendedAt: Timestamp?)? {
        guard offset >= first, offset < end else { return nil }
        let reader = try reader(near: offset)
        while reader.position.nextOffset < offset {
            let skipped = try reader.read(
                maximumEvents: Int(min(offset - reader.position.nextOffset, Self.window)), maximumBytes: .max)
            if skipped.isEmpty { return nil }
            eventsRead += UInt64(skipped.count)
        }
        eventsRead += 1
        return try reader.read(maximumEvents: 1, maximumBytes: 0).first.map { ($0, reader.appendedAt) }
    }

    /// The reader in use, where it can read on to the offset in little time; else one that is put there.
    private func reader(near offset: UInt64) throws -> any TopicReader {
        if let reader {
            let next = reader.position.nextOffset
            if next <= offset, offset - next <= Self.stride || next >= segments.last ?? 0 { return reader }
            reader.close()
        }
        let reader = try logbook.reader(of: topic, from: offset)
        self.reader = reader
        return reader
    }

    // MARK: - Searching

    /// Reads what lies around a time.
    func look(around time: Timestamp, for wanted: (EventHead) -> Bool) throws {
        guard end > first else { return }
        if isShort { return try read(first..<end, wanted) }
        let segment = try segment(holding: time)
        // The newest segment has no index: reading it is cheaper than going to its places one after another.
        if segment.upperBound == end {
            let start = segment.lowerBound
            return try read(max(first, start - min(start, Self.slack))..<end, wanted)
        }
        let place = try ByTime.lowerBound(of: time, in: segment, at: self.time)
        try read(max(first, place - min(place, Self.slack))..<min(end, place + Self.window), wanted)
    }

    /// Where to begin reading so as to see every event of that time or a later one, little more than `slack` before it.
    func start(of time: Timestamp) throws -> UInt64 {
        guard end > first else { return end }
        let segment = try segment(holding: time)
        let place = try ByTime.lowerBound(of: time, in: segment, at: self.time)
        return max(first, place - min(place, Self.slack))
    }

    /// Reads all there is.
    func whole(_ wanted: (EventHead) -> Bool) throws {
        if end > first { try read(first..<end, wanted) }
    }

    /// The offsets of the segment in which an event of that time should lie, or the first of them.
    private func segment(holding time: Timestamp) throws -> Range<UInt64> {
        // Where every file is gone, whoever reads says so.
        if segments.isEmpty { return first..<end }
        var (low, high) = (0, segments.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            guard segments[middle] < end else {
                high = middle
                continue
            }
            if let found = try self.time(at: segments[middle]), found < time { low = middle } else { high = middle }
        }
        return segments[low]..<(low + 1 < segments.count ? min(segments[low + 1], end) : end)
    }

    private func time(at offset: UInt64) throws -> Timestamp? {
        try event(at: offset).flatMap { $0.event.bytes.withUnsafeBytes { EventHead($0)?.time } }
    }

    /// What was read before is not read again.
    private func read(_ range: Range<UInt64>, _ wanted: (EventHead) -> Bool) throws {
        guard !seen.contains(where: { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }) else {
            return
        }
        try logbook.read(topic, from: range.lowerBound, to: range.upperBound) { event in
            eventsRead += 1
            if event.bytes.withUnsafeBytes({ EventHead($0).map(wanted) ?? false }) { found.insert(event.offset) }
        }
        seen.append(range)
    }
}

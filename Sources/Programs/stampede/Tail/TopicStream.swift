import Contracts
import EventLog

/// An event on its way to the terminal; without an envelope where its bytes are none.
struct TailEntry {
    let topic: Topic
    let offset: UInt64
    private(set) var envelope: Envelope?
    let reason: String?

    init(_ event: LoggedEvent) {
        topic = event.topic
        offset = event.offset
        do {
            envelope = try EventCoding.decode(event.bytes)
            reason = nil
        } catch {
            envelope = nil
            reason = "\(error)"
        }
    }

    /// With what is personal as its reader sees it.
    func view(_ personal: Personal) -> TailEntry {
        var entry = self
        entry.envelope = envelope.map { personal.view($0) }
        return entry
    }
}

/// The wanted events of one topic, a batch in memory at a time.
final class TopicStream {
    let topic: Topic
    private let reader: any TopicReader
    private let filter: EventFilter
    private let from: UInt64
    private var waiting: ArraySlice<TailEntry> = []
    /// Of the last event taken: bytes that are no event have no time of their own.
    private var time = Timestamp(microseconds: 0)

    init(_ topic: Topic, reader: any TopicReader, filter: EventFilter, from: UInt64) {
        self.topic = topic
        self.reader = reader
        self.filter = filter
        self.from = from
    }

    var head: TailEntry? { waiting.first }
    var headTime: Timestamp { waiting.first?.envelope?.time ?? time }

    /// Reads on until there is something to take, or the topic's present end.
    func refill() throws {
        while waiting.isEmpty {
            let batch = try reader.read(maximumEvents: Logbook.batchEvents, maximumBytes: Logbook.batchBytes)
            if batch.isEmpty { return }
            waiting = batch.filter { $0.offset >= from && filter.takes($0) }.map(TailEntry.init)[...]
        }
    }

    func take() -> TailEntry? {
        time = headTime
        return waiting.popFirst()
    }

    /// Whether nothing before that offset is left to take.
    func isDrained(to end: UInt64) -> Bool {
        waiting.first.map { $0.offset >= end } ?? (reader.position.nextOffset >= end)
    }

    func end() throws -> UInt64 { try reader.end() }
}

import Contracts
import EventLog
import Synchronization

/// A log whose appends and reads fail when a test says so.
final class FaultyLog: EventLog {
    enum Moment: Hashable, Sendable {
        case beforeAppend, afterAppend, read
    }

    let inner: InMemoryEventLog
    private let errors = Mutex<[Moment: LogError]>([:])
    private let unreadable = Mutex<[Topic: LogError]>([:])
    private let appends = Mutex(0)

    init(_ inner: InMemoryEventLog = InMemoryEventLog()) {
        self.inner = inner
    }

    func fail(_ moment: Moment, with error: LogError) {
        errors.withLock { $0[moment] = error }
    }

    /// This one topic cannot be read.
    func failReads(of topic: Topic, with error: LogError) {
        unreadable.withLock { $0[topic] = error }
    }

    func heal() {
        errors.withLock { $0 = [:] }
        unreadable.withLock { $0 = [:] }
    }

    /// How often somebody tried to append.
    var attempts: Int { appends.withLock { $0 } }

    fileprivate func check(_ moment: Moment) throws {
        if moment == .beforeAppend { appends.withLock { $0 += 1 } }
        if let error = errors.withLock({ $0[moment] }) { throw error }
    }

    func openWriter(of topic: Topic) throws -> any TopicWriter {
        Writer(log: self, inner: try inner.openWriter(of: topic))
    }

    func openReader(of topic: Topic, from position: Position?) throws -> any TopicReader {
        Reader(log: self, topic: topic, inner: try inner.openReader(of: topic, from: position))
    }

    func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        try inner.watch(topics, ring: bell)
    }

    private struct Writer: TopicWriter {
        let log: FaultyLog
        let inner: any TopicWriter

        var lastSequence: UInt64 { inner.lastSequence }

        func append(_ events: [[UInt8]], firstSequence: UInt64) throws {
            try log.check(.beforeAppend)
            try inner.append(events, firstSequence: firstSequence)
            try log.check(.afterAppend)
        }

        func close() { inner.close() }
    }

    private struct Reader: TopicReader {
        let log: FaultyLog
        let topic: Topic
        let inner: any TopicReader

        var position: Position { inner.position }

        func read(maximumEvents: Int, maximumBytes: Int) throws -> [LoggedEvent] {
            try log.check(.read)
            if let error = log.unreadable.withLock({ $0[topic] }) { throw error }
            return try inner.read(maximumEvents: maximumEvents, maximumBytes: maximumBytes)
        }

        func wait(atMost limit: Duration) throws -> Bool { try inner.wait(atMost: limit) }
        func end() throws -> UInt64 { try inner.end() }

        func close() { inner.close() }
    }
}

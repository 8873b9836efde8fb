package import Contracts
import Synchronization

/// A log in memory with the promises of a durable one but durability: for tests of what stands on a log.
package final class InMemoryEventLog: EventLog {
    private struct State {
        var events: [Topic: [[UInt8]]] = [:]
        /// Offset of the first event that readers still get; 0 where there is none.
        var firstKept: [Topic: UInt64] = [:]
        /// The open writer of each topic, by number.
        var writers: [Topic: Int] = [:]
        var nextWriter = 0
        var bells: [Int: (topics: Set<Topic>, bell: Doorbell)] = [:]
        var nextWatch = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func openWriter(of topic: Topic) throws -> any TopicWriter {
        let number = try state.withLock { state in
            guard state.writers[topic] == nil else {
                throw LogError.writerExists(topic: topic, directory: "memory", pid: nil)
            }
            state.nextWriter += 1
            state.writers[topic] = state.nextWriter
            return state.nextWriter
        }
        return Writer(log: self, topic: topic, number: number)
    }

    package func openReader(of topic: Topic, from position: Position?) throws -> any TopicReader {
        let first = state.withLock { $0.firstKept[topic] ?? 0 }
        return Reader(log: self, topic: topic, next: position?.nextOffset ?? first)
    }

    package func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        state.withLock { state in
            state.nextWatch += 1
            state.bells[state.nextWatch] = (Set(topics), bell)
            return Watch(log: self, number: state.nextWatch)
        }
    }

    /// Keeps the events before an offset from every reader, as if they were moved to an archive.
    package func retire(_ topic: Topic, below offset: UInt64) {
        state.withLock { state in
            let end = UInt64(state.events[topic]?.count ?? 0)
            state.firstKept[topic] = max(state.firstKept[topic] ?? 0, min(offset, end))
        }
    }

    private struct Writer: TopicWriter {
        let log: InMemoryEventLog
        let topic: Topic
        let number: Int

        var lastSequence: UInt64 {
            log.state.withLock { UInt64($0.events[topic]?.count ?? 0) }
        }

        func append(_ events: [[UInt8]], firstSequence: UInt64) throws {
            let bells = try log.state.withLock { state -> [Doorbell] in
                guard state.writers[topic] == number else { throw LogError.closed(topic: topic) }
                let count = UInt64(state.events[topic, default: []].count)
                guard firstSequence >= 1, firstSequence <= count + 1 else {
                    throw LogError.sequenceGap(topic: topic, expected: count + 1, got: firstSequence)
                }
                let known = Int(min(count + 1 - firstSequence, UInt64(events.count)))
                for (place, event) in zip(firstSequence - 1..<count, events[..<known]) {
                    guard state.events[topic, default: []][Int(place)] == event else {
                        throw LogError.sequenceReused(topic: topic, sequence: place + 1, offset: place)
                    }
                }
                state.events[topic, default: []].append(contentsOf: events[known...])
                return state.bells.values.filter { $0.topics.contains(topic) }.map(\.bell)
            }
            for bell in bells { bell.ring() }
        }

        func close() {
            log.state.withLock { if $0.writers[topic] == number { $0.writers[topic] = nil } }
        }
    }

    private struct Reader: TopicReader {
        let log: InMemoryEventLog
        let topic: Topic
        let cursor: Cursor

        final class Cursor {
            var next: UInt64
            init(next: UInt64) { self.next = next }
        }

        init(log: InMemoryEventLog, topic: Topic, next: UInt64) {
            self.log = log
            self.topic = topic
            self.cursor = Cursor(next: next)
        }

        var position: Position { Position(nextOffset: cursor.next, token: []) }

        func read(maximumEvents: Int, maximumBytes: Int) throws -> [LoggedEvent] {
            let (stream, firstKept) = log.state.withLock { ($0.events[topic] ?? [], $0.firstKept[topic] ?? 0) }
            guard cursor.next >= firstKept else {
                throw LogError.archived(topic: topic, offset: cursor.next, firstKept: firstKept)
            }
            guard cursor.next <= UInt64(stream.count) else {
                throw LogError.acknowledgedDataLost(
                    topic: topic, end: UInt64(stream.count), expected: cursor.next, witness: "this reader")
            }
            var events: [LoggedEvent] = []
            var bytes = 0
            while events.count < maximumEvents, bytes <= maximumBytes, cursor.next < UInt64(stream.count) {
                let event = LoggedEvent(topic: topic, offset: cursor.next, bytes: stream[Int(cursor.next)][...])
                bytes += event.bytes.count
                events.append(event)
                cursor.next += 1
            }
            return events
        }

        /// Does not sleep: what has no clock cannot wait for a time to pass.
        func wait(atMost limit: Duration) throws -> Bool { try end() > cursor.next }

        func end() throws -> UInt64 {
            log.state.withLock { UInt64($0.events[topic]?.count ?? 0) }
        }

        func close() {}
    }

    private struct Watch: LogWatch {
        let log: InMemoryEventLog
        let number: Int

        func close() {
            log.state.withLock { _ = $0.bells.removeValue(forKey: number) }
        }
    }
}

import Contracts
import EventLog
import FileEventLog
import Foundation

/// `latency`: 1,000 events a second, from when each was due to its receipt by a consumer in another process.
///
/// Open loop: the times are fixed before the first event, and a writer that is late appends all that are due at once.
enum Latency {
    private static let defaultEvents = 5000
    private static let paceNanoseconds: UInt64 = 1_000_000
    /// From the consumer's readiness to the first event.
    private static let leadNanoseconds: UInt64 = 100_000_000

    static func run(_ invocation: Invocation) throws {
        let events = invocation.events ?? defaultEvents
        let writer = try BenchmarkLog(invocation.directory).openNew(.latency)
        defer { writer.close() }
        let reader = try WorkerProcess(
            .latencyReader, directory: invocation.directory, options: ["--events", "\(events)"])
        _ = try reader.line()
        let start = Clock.now + leadNanoseconds
        try append(events, to: writer) { start + UInt64($0) * paceNanoseconds }
        let latencies = try reader.numbers()
        try reader.finish()
        Report(scenario: "d.latency").percentiles(of: latencies)
    }

    private static func append(_ count: Int, to writer: any TopicWriter, due: (Int) -> UInt64) throws {
        var next = 0
        while next < count {
            Clock.sleep(until: due(next))
            let now = Clock.now
            var end = next + 1
            while end < count, end - next < Invocation.maximumBatch, due(end) <= now { end += 1 }
            let events = (next..<end).map { NumberedEvent.make(UInt64($0), due: due($0)) }
            try writer.append(events, firstSequence: UInt64(next) + 1)
            next = end
        }
    }

    /// The consumer.
    static func follow(_ invocation: Invocation) async throws {
        let count = invocation.events ?? defaultEvents
        var latencies: [Int64] = []
        latencies.reserveCapacity(count)
        try await Follower(.latency, in: invocation.directory).follow(count) { events, time in
            for event in events { latencies.append(Int64(time) - Int64(NumberedEvent.due(event.bytes))) }
        }
        Conversation.say(latencies)
    }
}

/// A consumer in a process of its own: it reads until there is nothing more, and then sleeps until there is.
struct Follower {
    private let topic: Topic
    private let log: FileEventLog

    init(_ topic: Topic, in directory: String) {
        self.topic = topic
        log = BenchmarkLog(directory).log
    }

    /// Says "ready", and reads that many events.
    ///
    /// - Parameters:
    ///   - take: what one read brought, and when.
    ///   - idle: what to do before the reader is closed.
    func follow(
        _ count: Int, take: ([LoggedEvent], UInt64) -> Void, idle: (any TopicReader) async throws -> Void = { _ in }
    ) async throws {
        Conversation.endWithTheScenario()
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        Conversation.say("ready")
        var next: UInt64 = 0
        while next < count {
            let events = try reader.read(maximumEvents: ReadBack.eventsAtATime, maximumBytes: ReadBack.bytesAtATime)
            if events.isEmpty {
                _ = try reader.wait(atMost: .seconds(1))
                continue
            }
            let time = Clock.now
            for event in events {
                try NumberedEvent.check(event.bytes, is: next)
                next += 1
            }
            take(events, time)
        }
        try await idle(reader)
    }
}

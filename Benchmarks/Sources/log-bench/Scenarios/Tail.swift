import Contracts
import EventLog
import FileEventLog
import Foundation

/// `tail`: from an append's return to the receipt in another process, on an otherwise idle machine; and what a reader
/// that waits costs.
///
/// Both sides stamp on their own and are joined by offset at the end. A reader may be woken before the writer's call has
/// returned: such an event counts below zero.
enum Tail {
    private static let defaultEvents = 3000
    private static let paceNanoseconds: UInt64 = 2_000_000
    private static let jitterNanoseconds: ClosedRange<UInt64> = 0...1_000_000
    private static let idleNanoseconds: UInt64 = 5_000_000_000

    static func run(_ invocation: Invocation) throws {
        let count = invocation.events ?? defaultEvents
        let writer = try BenchmarkLog(invocation.directory).openNew(.tail)
        defer { writer.close() }
        let reader = try WorkerProcess(.tailReader, directory: invocation.directory, options: ["--events", "\(count)"])
        _ = try reader.line()
        var returned: [Int64] = []
        returned.reserveCapacity(count)
        var due = Clock.now + paceNanoseconds
        for number in 0..<UInt64(count) {
            Clock.sleep(until: due + UInt64.random(in: jitterNanoseconds))
            try writer.append([NumberedEvent.make(number)], firstSequence: number + 1)
            returned.append(Int64(Clock.now))
            due = max(due + paceNanoseconds, Clock.now)
        }
        let received = try reader.numbers()
        let idle = try reader.numbers()  // nanoseconds: of CPU, passed
        try reader.finish()
        let report = Report(scenario: "f.tail")
        report.percentiles(of: zip(received, returned).map { $0 - $1 })
        report.line("idle_cpu_percent", 100 * Double(idle[0]) / Double(idle[1]))
    }

    /// The reader.
    static func follow(_ invocation: Invocation) async throws {
        let count = invocation.events ?? defaultEvents
        var received: [Int64] = []
        received.reserveCapacity(count)
        try await Follower(.tail, in: invocation.directory).follow(count) { events, time in
            received.append(contentsOf: repeatElement(Int64(time), count: events.count))
        } idle: { reader in
            Conversation.say(received)
            let meter = Meter()
            let end = Clock.now + idleNanoseconds
            while Clock.now < end { _ = try reader.wait(atMost: .seconds(1)) }
            Conversation.say([Int64(meter.cpuNanoseconds), Int64(meter.nanoseconds)])
        }
    }
}

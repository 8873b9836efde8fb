import Contracts
import EventLog
import FileEventLog

/// `append`: one process, one topic, at most 1,024 events not yet acknowledged.
enum Append {
    static let defaultEvents = 200_000

    static func run(_ invocation: Invocation) throws {
        let log = BenchmarkLog(invocation.directory)
        try log.expectEmptyDirectory()
        let events = invocation.events ?? defaultEvents
        let writer = try log.openNew(.append)
        defer { writer.close() }
        let meter = Meter()
        try writer.append(numbers: 0..<UInt64(events), batch: Invocation.maximumBatch)
        Report(scenario: "a.append").rate(events: events, since: meter)
    }
}

/// `append4`: four processes, a topic each, all at once; the events are shared among them.
enum AppendByFour {
    private static let writers = 4

    static func run(_ invocation: Invocation) throws {
        let share = max(1, (invocation.events ?? Append.defaultEvents) / writers)
        let processes = try (1...writers).map { index in
            try WorkerProcess(
                .append4Writer, directory: invocation.directory,
                options: ["--events", "\(share)", "--index", "\(index)"])
        }
        for process in processes { _ = try process.line() }
        for process in processes { process.tell("go") }
        let told = try processes.map { try $0.numbers() }  // begin, end, CPU; nanoseconds
        for process in processes { try process.finish() }
        let begin = told.map { $0[0] }.min() ?? 0
        let end = told.map { $0[1] }.max() ?? 0
        Report(scenario: "b.append4").rate(
            events: share * writers, nanoseconds: UInt64(end - begin),
            cpuNanoseconds: told.reduce(0) { $0 + UInt64($1[2]) })
    }

    /// One of the four.
    static func write(_ invocation: Invocation) throws {
        let events = invocation.events ?? Append.defaultEvents / writers
        let writer = try BenchmarkLog(invocation.directory).openNew(.append4(invocation.index))
        defer { writer.close() }
        Conversation.say("ready")
        Conversation.awaitWord()
        let meter = Meter()
        try writer.append(numbers: 0..<UInt64(events), batch: Invocation.maximumBatch)
        Conversation.say([Int64(meter.wall), Int64(Clock.now), Int64(meter.cpuNanoseconds)])
    }
}

import Contracts
import EventLog
import FileEventLog

/// `read`: one process reads all that `append` left, from the first event on, with the log's checks, and looks whether
/// each event is the one that belongs there.
enum ReadBack {
    static let eventsAtATime = 4096
    static let bytesAtATime = 256 << 10

    static func run(_ invocation: Invocation) throws {
        let reader = try BenchmarkLog(invocation.directory).log.openReader(of: .append, from: nil)
        defer { reader.close() }
        let expected = try invocation.events.map(UInt64.init) ?? max(reader.end(), 1)
        let meter = Meter()
        var next: UInt64 = 0
        while true {
            let events = try reader.read(maximumEvents: eventsAtATime, maximumBytes: bytesAtATime)
            if events.isEmpty { break }
            for event in events {
                try NumberedEvent.check(event.bytes, is: next)
                next += 1
            }
        }
        let report = Report(scenario: "c.read")
        guard next == expected else {
            throw BenchmarkLog.Refusal.wrongCount(.append, expected: expected, found: next)
        }
        report.rate(events: Int(next), since: meter)
    }
}

/// `verify`: the rate of the check that `stampede log verify` makes.
enum Verify {
    struct Damaged: Error, CustomStringConvertible {
        let description: String
    }

    static func run(_ invocation: Invocation) throws {
        let log = BenchmarkLog(invocation.directory)
        let meter = Meter()
        let finding = try log.log.verify(.append)
        let seconds = Double(meter.nanoseconds) / 1e9
        if let fault = finding.faults.first { throw Damaged(description: "\(fault)") }
        guard finding.events > 0 else {
            throw BenchmarkLog.Refusal.wrongCount(.append, expected: 1, found: 0)
        }
        let report = Report(scenario: "h.verify")
        report.line("events/s", Double(finding.events) / seconds)
        report.line("MB/s", Double(finding.events) * Double(NumberedEvent.bytes) / 1e6 / seconds)
    }
}

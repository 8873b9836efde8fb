import Contracts
import Delivery
import EventLog
import FileEventLog
import Foundation
import Logging
import Metrics

/// Reads the sealed segments of a service's own topics from the medium, again and again, at a bounded rate.
///
/// *Guarantee*: bytes that rotted at rest are reported, with file and byte, within one pass and its rest. *Why*: a reader
/// that finds them during a rebuild finds them when the other copy, the services' databases, is the one that was lost.
struct LogScrubbing: Sendable {
    let topics: [Topic]
    let directory: String
    /// Positive.
    let bytesPerSecond: Int
    /// Rest between two passes, and before the first.
    let interval: Duration
    let logger: Logger

    func run() async throws {
        while true {
            try await Task.sleep(for: interval)
            for topic in topics { pass(topic) }
        }
    }

    private func pass(_ topic: Topic) {
        var pace = Pace(bytesPerSecond: bytesPerSecond)
        do {
            let scrubber = LogScrubber(topic: topic, logDirectory: directory)
            let finding = try scrubber.pass { bytes in
                pace.read(bytes)
                return !Task.isCancelled
            }
            report(finding, topic)
        } catch {
            logger.error("log scrub", metadata: ["topic": "\(topic)", "error": "\(error)"])
        }
    }

    private func report(_ finding: LogScrubber.Finding, _ topic: Topic) {
        RuntimeMetrics.scrubbedBytes.counter(topic.name).increment(by: Int64(finding.bytes))
        RuntimeMetrics.damagedSegments.gauge(topic.name).record(finding.faults.count)
        for fault in finding.faults { logger.critical("\(fault)", metadata: ["topic": "\(topic)"]) }
        if finding.indexesMade > 0 {
            logger.info("log scrub", metadata: ["topic": "\(topic)", "indexesMade": "\(finding.indexesMade)"])
        }
    }
}

/// Sleeps as long as it takes to stay below a rate.
private struct Pace {
    let bytesPerSecond: Int
    private var debt = 0

    init(bytesPerSecond: Int) {
        self.bytesPerSecond = bytesPerSecond
    }

    /// Blocks; for a thread of its own.
    mutating func read(_ bytes: Int) {
        debt += bytes
        // A tenth of a second's worth at a time, so that a stop is noticed soon.
        guard debt * 10 >= bytesPerSecond else { return }
        Thread.sleep(forTimeInterval: Double(debt) / Double(bytesPerSecond))
        debt = 0
    }
}

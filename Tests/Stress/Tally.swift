import Contracts
import ServiceRuntime
import Synchronization

/// What the services must have counted by the end: from what clients and operators were told, and from databases and log.
final class Tally: Sendable {
    enum Counter: String, CaseIterable {
        case commands = "commands_total"
        case handled = "consumer_events_total"
        case deadLetters = "dead_letters_total"
        case published = "outbox_published_events_total"
    }

    /// By the line of the metric without its value.
    private let expected = Mutex<[String: Int]>([:])

    func expect(_ count: Int, of counter: Counter, _ service: ServiceName) {
        expected.withLock { $0["stampede_\(counter.rawValue){service=\"\(service.rawValue)\"}", default: 0] += count }
    }

    func count(of counter: Counter, _ service: ServiceName) -> Int {
        expected.withLock { $0["stampede_\(counter.rawValue){service=\"\(service.rawValue)\"}"] ?? 0 }
    }

    /// Once everything has stopped.
    func compare(_ findings: Findings) {
        let lines = Set(PrometheusRegistry.shared.text().split(separator: "\n").map(String.init))
        for (metric, count) in expected.withLock({ $0 }) {
            findings.expect(
                lines.contains("\(metric) \(count)"),
                "the metrics do not say \(metric) \(count), but \(lines.filter { $0.hasPrefix(metric) })")
        }
    }
}

import Contracts
import ServiceRuntime
import Synchronization

/// What the services must have counted by the end: from what clients and operators were told, and from databases and log.
final class Tally: Sendable {
    enum Counter: String, CaseIterable {
        case commands = "stampede_commands_total"
        case handled = "stampede_consumer_handled_events_total"
        case deadLetters = "stampede_consumer_dead_letters_total"
        /// A line a topic.
        case published = "messaging_client_sent_messages_total"
    }

    /// By the line of the metric without its value.
    private let expected = Mutex<[String: Int]>([:])

    func expect(_ count: Int, of counter: Counter, _ service: ServiceName, _ topic: Topic? = nil) {
        let more = topic.map { ",messaging_destination_name=\"\($0.name)\"" } ?? ""
        expected.withLock { $0["\(Self.line(counter, service))\(more)}", default: 0] += count }
    }

    /// On all topics.
    func count(of counter: Counter, _ service: ServiceName) -> Int {
        let line = Self.line(counter, service)
        return expected.withLock { $0.reduce(0) { $0 + ($1.key.hasPrefix(line) ? $1.value : 0) } }
    }

    private static func line(_ counter: Counter, _ service: ServiceName) -> String {
        "\(counter.rawValue){service=\"\(service.rawValue)\""
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

package import Contracts

/// Where things lie under the data directory.
package struct DataLayout: Sendable {
    package let root: String

    package init(_ root: String) {
        self.root = root
    }

    package var log: String { root + "/log" }
    /// Where segments go that are no longer needed by any consumer.
    package var archive: String { root + "/archive" }
    /// What the supervisor writes: pids, states, ports.
    package var run: String { root + "/run" }
    package var mailbox: String { root + "/mail/outbox.mbox" }

    package func databaseDirectory(of service: ServiceName) -> String { root + "/db/\(service.rawValue)" }
    package func database(of service: ServiceName) -> String {
        databaseDirectory(of: service) + "/\(service.rawValue).db"
    }

    /// Spans of a service, as OTLP/JSON lines.
    package func traces(of service: ServiceName) -> String { root + "/traces/\(service.rawValue).jsonl" }

    /// Which event is at hand, and on which the service last died.
    package func trapPage(of service: ServiceName) -> String { databaseDirectory(of: service) + "/trying" }
}

package import Configuration
package import Contracts

/// What a process is told from outside; every value has a default.
///
/// Each is read from the environment: `checkout.port` is `STAMPEDE_CHECKOUT_PORT`.
package struct Settings: Sendable {
    private let reader: ConfigReader
    package let dataDirectory: String

    package init(dataDirectory: String) {
        self.init(dataDirectory: dataDirectory, reader: ConfigReader(provider: EnvironmentVariablesProvider()))
    }

    package init(dataDirectory: String, reader: ConfigReader) {
        self.dataDirectory = dataDirectory
        self.reader = reader.scoped(to: "stampede")
    }

    // MARK: - Values

    package func adminPort(of service: ServiceName) throws -> Int {
        let fallback = 9101 + (ServiceName.allCases.firstIndex(of: service) ?? 0)
        return try integer(ConfigKey([service.rawValue, "admin", "port"]), default: fallback, in: 0...65535)
    }

    package func checkoutPort() throws -> Int { try integer("checkout.port", default: 8080, in: 0...65535) }
    package func gatewayPort() throws -> Int { try integer("gateway.port", default: 8090, in: 1...65535) }

    /// Connections that order-service holds at a time.
    package func maximumConnections() throws -> Int {
        try integer("checkout.max.connections", default: 10_000, in: 1...1_000_000)
    }

    /// Checkouts that wait for their commit; one more is answered 503.
    package func maximumWaitingCheckouts() throws -> Int {
        try integer("checkout.max.waiting", default: 4096, in: 1...1_000_000)
    }

    package func maximumLines() throws -> Int { try integer("checkout.max.lines", default: 1000, in: 1...10_000) }
    package func maximumQuantity() throws -> Int {
        try integer("checkout.max.quantity", default: 100_000, in: 1...1_000_000_000)
    }
    package func maximumBodyBytes() throws -> Int {
        try integer("checkout.max.body.bytes", default: 1 << 20, in: 1024...(16 << 20))
    }
    package func holdSeconds() throws -> Int { try integer("inventory.hold.seconds", default: 600, in: 1...86_400) }
    package func gatewayConcurrency() throws -> Int { try integer("gateway.concurrency", default: 256, in: 1...10_000) }
    package func gatewayTimeoutMilliseconds() throws -> Int {
        try integer("gateway.timeout.milliseconds", default: 5000, in: 1...600_000)
    }

    /// Events set aside at a time, those behind a dead letter included; see `ParkingFull`.
    package func parkingLimit() throws -> Int { try integer("parking.limit", default: 10_000, in: 1...10_000_000) }

    /// How long the inbox remembers which events were applied.
    package func inboxWindowHours() throws -> Int { try integer("inbox.window.hours", default: 168, in: 1...87_600) }

    /// Age at which an event that is not in the log yet is an alarm.
    package func outboxAlertSeconds() throws -> Int { try integer("outbox.alert.seconds", default: 30, in: 1...86_400) }

    /// Whom alerts are for; nil for the default.
    package func operatorEmail() -> String? { reader.string(forKey: "operator.email") }

    package func stuckAfterSeconds() throws -> Int {
        try integer("analytics.stuck.after.seconds", default: 60, in: 1...86_400)
    }
    package func lowStockThreshold() throws -> Int {
        try integer("analytics.low.stock", default: 5, in: 0...1_000_000_000)
    }

    /// Size of a log segment, reserved when it is made. Below 512 KiB it is for tests: an event that does not fit into
    /// a segment stops its service until the size is raised.
    package func segmentBytes() throws -> UInt64 {
        UInt64(try integer("log.segment.bytes", default: 16 << 20, in: (4 << 10)...(1 << 30)))
    }

    /// How long a graceful stop may take.
    package func stopSeconds() throws -> Int { try integer("stop.seconds", default: 10, in: 1...3600) }

    /// How fast sealed segments are read again to find rot; 0 for never.
    package func scrubBytesPerSecond() throws -> Int {
        try integer("log.scrub.bytes.per.second", default: 4 << 20, in: 0...(1 << 30))
    }

    /// Rest between two passes over the sealed segments.
    package func scrubIntervalSeconds() throws -> Int {
        try integer("log.scrub.interval.seconds", default: 3600, in: 1...31_536_000)
    }

    // MARK: - Telemetry

    /// Whether metrics are counted.
    package func countsMetrics() throws -> Bool { try choice("metrics", default: "on", of: ["on", "off"]) == "on" }

    /// The share of the traces that begin here and are recorded; where a caller says, its word counts.
    package func traceShare() throws -> Double {
        guard let text = reader.string(forKey: "trace.share") else { return 0.01 }
        guard let share = Double(text), (0...1).contains(share) else {
            throw ConfigurationError(key: "STAMPEDE_TRACE_SHARE", value: text, expected: "a number from 0 to 1")
        }
        return share
    }

    /// Where a collector takes OTLP over HTTP, `http://HOST:PORT`; nil for none.
    package func traceCollector() throws -> CollectorAddress? {
        guard let text = reader.string(forKey: "trace.collector"), !text.isEmpty else { return nil }
        guard let address = CollectorAddress(text) else {
            throw ConfigurationError(
                key: "STAMPEDE_TRACE_COLLECTOR", value: text, expected: "such as http://127.0.0.1:4318")
        }
        return address
    }

    /// Size at which a file of spans is put aside for a new one; 0 for no file.
    package func traceFileBytes() throws -> Int { try integer("trace.file.bytes", default: 4 << 20, in: 0...(1 << 40)) }

    /// Finished spans that wait for each destination; one more is dropped.
    package func traceQueue() throws -> Int { try integer("trace.queue", default: 4096, in: 1...1_000_000) }

    package func logLevel() throws -> String {
        try choice(
            "log.level", default: "info", of: ["trace", "debug", "info", "notice", "warning", "error", "critical"])
    }

    package func logForm() throws -> LogForm {
        let name = try choice("log.form", default: LogForm.auto.rawValue, of: LogForm.allCases.map(\.rawValue))
        return LogForm(rawValue: name) ?? .auto  // the choice is one of them
    }

    // MARK: - Reading

    private func choice(_ key: ConfigKey, default fallback: String, of choices: [String]) throws -> String {
        guard let text = reader.string(forKey: key) else { return fallback }
        guard choices.contains(text) else {
            throw ConfigurationError(
                key: Self.variable(key), value: text, expected: choices.joined(separator: ", "))
        }
        return text
    }

    private static func variable(_ key: ConfigKey) -> String {
        "STAMPEDE_" + key.components.joined(separator: "_").uppercased()
    }

    private func integer(_ key: ConfigKey, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = reader.string(forKey: key) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(
                key: Self.variable(key), value: text,
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

/// A value that cannot be.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let key: String
    package let value: String
    package let expected: String

    package var description: String { "\(key) is '\(value)', but must be \(expected)" }
}

/// Where things lie under the data directory.
package struct DataLayout: Sendable {
    package let root: String

    package init(_ root: String) {
        self.root = root
    }

    package var log: String { root + "/log" }
    /// Where segments go that are no longer needed by any consumer.
    package var archive: String { root + "/archive" }
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

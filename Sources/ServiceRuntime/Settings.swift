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

    // MARK: - Reading

    private func integer(_ key: ConfigKey, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = reader.string(forKey: key) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            let variable = "STAMPEDE_" + key.components.joined(separator: "_").uppercased()
            throw ConfigurationError(
                key: variable, value: text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
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

    /// Which event is at hand, and on which the service last died.
    package func trapPage(of service: ServiceName) -> String { databaseDirectory(of: service) + "/trying" }
}

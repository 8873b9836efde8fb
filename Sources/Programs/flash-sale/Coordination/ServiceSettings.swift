import Contracts
import Foundation

/// Where the services listen: from the environment, else as the supervisor of the run wrote it down, else the defaults.
struct ServiceSettings: Sendable, Equatable {
    var checkoutPort = 8080
    var adminPorts: [ServiceName: Int] = [:]
    var hosts = ServiceHosts.loopback

    /// - Throws: `SettingsError` for a value that is no port, or no host.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(SettingsError) {
        checkoutPort = try Self.port("STAMPEDE_CHECKOUT_PORT", in: environment) ?? checkoutPort
        for (index, service) in ServiceName.allCases.enumerated() {
            let name = "STAMPEDE_\(service.rawValue.uppercased())_ADMIN_PORT"
            adminPorts[service] = try Self.port(name, in: environment) ?? 9101 + index
        }
        if let text = environment[ServiceHosts.variable], !text.isEmpty {
            guard let hosts = ServiceHosts(text) else {
                throw SettingsError(
                    description: "\(ServiceHosts.variable) is '\(text)', but must be \(ServiceHosts.expected)")
            }
            self.hosts = hosts
        }
    }

    /// The ports of the run in a data directory: `run/environment` holds a `NAME=value` a line.
    init(
        dataDirectory: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SettingsError) {
        // No such file: the defaults stand.
        let text = (try? String(contentsOfFile: dataDirectory + "/run/environment", encoding: .utf8)) ?? ""
        var merged: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 { merged[pair[0]] = pair[1] }
        }
        merged.merge(environment) { _, explicit in explicit }
        try self.init(environment: merged)
    }

    /// Where a service answers its operators. Always there: each has a default.
    func adminPort(of service: ServiceName) -> Int { adminPorts[service] ?? 0 }

    private static func port(_ name: String, in environment: [String: String]) throws(SettingsError) -> Int? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let port = Int(text), (1...65_535).contains(port) else {
            throw SettingsError(description: "\(name) is '\(text)', which is no port")
        }
        return port
    }
}

struct SettingsError: Error, CustomStringConvertible {
    var description: String
}

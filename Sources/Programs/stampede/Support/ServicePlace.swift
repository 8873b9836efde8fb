import Contracts
import Foundation

/// Where a service is called.
struct ServicePlace: Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { "\(host):\(port)" }

    /// By the environment, else loopback.
    ///
    /// - Throws: `Failure.noHost`.
    static func hosts() throws -> ServiceHosts {
        guard let text = ProcessInfo.processInfo.environment[ServiceHosts.variable], !text.isEmpty else {
            return .loopback
        }
        guard let hosts = ServiceHosts(text) else { throw Failure.noHost(value: text) }
        return hosts
    }
}

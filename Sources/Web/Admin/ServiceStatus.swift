import CommandLineKit
import Contracts
import Delivery

/// How a service is, beyond alive and ready: `GET /admin/status`.
///
/// Open to whoever reaches the port, as health and metrics are: a tool that only looks never needs to send the token.
struct ServiceStatus: Sendable {
    static let path = "/admin/status"

    let service: ServiceName
    let standing: Standing
    let testFaults: Bool
}

/// As JSON; what there is none of is null, not left out.
extension ServiceStatus: Encodable {
    private struct Paused: Encodable {
        let since: Timestamp
        let actor: String
        let reason: String
    }

    private struct Part: Encodable {
        let part: String
        let reason: String
    }

    private struct Breaker: Encodable {
        let name: String
        let state: String
        let since: Timestamp?
        let reason: String?
    }

    private struct Retry: Encodable {
        let key: String
        let attempts: Int
        let error: String
        let nextAt: Timestamp
    }

    /// Calls that are made again of which a status tells, the first of them.
    private static let retryLimit = 100

    private enum Key: String, CodingKey {
        case service, version, paused, standing, breaker, retries, testFaults
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(service, forKey: .service)
        try container.encode(StampedeVersion.text, forKey: .version)
        try container.encode(paused, forKey: .paused)
        try container.encode(standing.parts.map { Part(part: $0.part, reason: $0.reason) }, forKey: .standing)
        try container.encode(breaker, forKey: .breaker)
        try container.encode(
            standing.callRetries.prefix(Self.retryLimit).map {
                Retry(key: $0.key, attempts: $0.attempts, error: $0.error, nextAt: $0.nextAt)
            }, forKey: .retries)
        try container.encode(testFaults, forKey: .testFaults)
    }

    private var paused: Paused? {
        standing.pause.map { Paused(since: $0.since, actor: $0.actor, reason: $0.reason) }
    }

    /// Of several, one that has tripped.
    private var breaker: Breaker? {
        let all = standing.circuitBreakers
        return (all.first { $0.state != .closed } ?? all.first).map { status in
            Breaker(name: status.name, state: status.state.rawValue, since: status.since, reason: status.reason)
        }
    }
}

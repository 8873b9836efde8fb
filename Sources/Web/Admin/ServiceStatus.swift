package import Contracts
import Delivery
import ServiceRuntime

/// How a service is, beyond alive and ready: `GET /admin/status`.
///
/// Open to whoever reaches the port, as health and metrics are: a tool that only looks never needs to send the token.
struct ServiceStatus: Sendable {
    static let path = "/admin/status"

    let service: ServiceName
    let reader: DatabaseReader
    let standing: Standing
    let breaker: @Sendable () -> BreakerStatus?
    let testFaults: Bool

    func now() async throws -> ServiceStatusAnswer {
        ServiceStatusAnswer(
            service: service, paused: try await reader.read { try ConsumerPause.read($0) }, standing: standing.parts,
            breaker: breaker(), testFaults: testFaults)
    }
}

/// The state of the circuit breaker in front of the outside world.
package struct BreakerStatus: Sendable, Encodable {
    /// `closed` (calls are made), `open` (none are), `halfOpen` (one is tried).
    package var state: String
    /// Nil where it was never open.
    package var since: Timestamp?
    package var reason: String?

    package init(state: String, since: Timestamp?, reason: String?) {
        self.state = state
        self.since = since
        self.reason = reason
    }
}

/// The answer's JSON; what there is none of is null, not left out.
struct ServiceStatusAnswer: Encodable {
    private struct Part: Encodable {
        let part: String
        let reason: String
    }

    private enum Key: String, CodingKey {
        case service, paused, standing, breaker, testFaults
    }

    let service: ServiceName
    let paused: ConsumerPause?
    let standing: [(part: String, reason: String)]
    let breaker: BreakerStatus?
    let testFaults: Bool

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(service, forKey: .service)
        try container.encode(paused, forKey: .paused)
        try container.encode(standing.map { Part(part: $0.part, reason: $0.reason) }, forKey: .standing)
        try container.encode(breaker, forKey: .breaker)
        try container.encode(testFaults, forKey: .testFaults)
    }
}

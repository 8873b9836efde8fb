package import EventLog
import Logging

/// Runs the parts of a service as loops: look for work, do it, wait for the bell; stand while the environment is ill.
package struct ServiceLoops: Sendable {
    private let node: ServiceNode
    private let policy: RetryPolicy
    private let randomness: any Randomness

    package init(node: ServiceNode, policy: RetryPolicy = RetryPolicy(), randomness: any Randomness) {
        self.node = node
        self.policy = policy
        self.randomness = randomness
    }

    /// The consumer's loop, until cancelled or a fatal fault.
    package func run(_ consumer: sending Consumer, bell: Doorbell) async throws {
        try await loop("consumer") {
            switch try consumer.turn() {
            case .worked: break
            case .idle(let due): await bell.wait(until: due, node.clock)
            }
        }
    }

    /// The relays' loop: the service's own topic and its dead letters.
    package func run(_ relays: sending [OutboxRelay]) async throws {
        defer { for relay in relays { relay.close() } }
        try await loop("outbox relay") {
            var worked = false
            for relay in relays where try relay.turn() { worked = true }
            if !worked { await node.outboxBell.wait() }
        }
    }

    private func loop(_ part: String, _ turn: () async throws -> Void) async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await turn()
                if failures > 0 {
                    node.metrics.isStanding(false)
                    node.logger.notice("\(part) goes on", metadata: ["after": "\(failures) failures"])
                }
                failures = 0
                await Task.yield()
            } catch {
                guard case .environment(let reason) = Fault.classify(error) else { throw error }
                failures += 1
                node.metrics.isStanding(true)
                node.logger.error("\(part) stands until this heals", metadata: ["error": "\(reason)", "failures": "\(failures)"])
                try await node.clock.sleep(for: policy.delay(afterAttempt: failures, randomness))
            }
        }
    }
}

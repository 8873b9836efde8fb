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

    /// The consumer's loop, until cancelled or a fatal fault. The bell is the one that the log's watch rings.
    package func run(_ consumer: sending Consumer, bell: Doorbell) async throws {
        defer { consumer.close() }
        try await loop("consumer") {
            switch try consumer.turn() {
            case .worked: nil
            case .idle(let due): { await bell.wait(until: due, node.clock) }
            }
        }
    }

    /// The relays' loop: the service's own topic and its dead letters.
    package func run(_ relays: sending [OutboxRelay]) async throws {
        defer { for relay in relays { relay.close() } }
        try await loop("outbox relay") {
            var worked = false
            for relay in relays where try relay.turn() { worked = true }
            return worked ? nil : { await node.outboxBell.wait() }
        }
    }

    /// The loop of any other part of a service, with turns like the consumer's.
    package func run(_ part: String, bell: Doorbell, turn: () throws -> Consumer.Turn) async throws {
        try await loop(part) {
            switch try turn() {
            case .worked: nil
            case .idle(let due): { await bell.wait(until: due, node.clock) }
            }
        }
    }

    private typealias Wait = () async -> Void

    /// - Parameter turn: works, or says how to wait for work.
    private func loop(_ part: String, _ turn: () throws -> Wait?) async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                let wait = try turn()
                if failures > 0 {
                    node.stands(part, because: nil)
                    node.logger.notice("\(part) goes on", metadata: ["after": "\(failures) failures"])
                }
                failures = 0
                if let wait { await wait() } else { await Task.yield() }
            } catch {
                guard case .environment(let reason) = Fault.classify(error) else { throw error }
                failures += 1
                node.stands(part, because: reason)
                node.logger.error(
                    "\(part) stands until this heals", metadata: ["error": "\(reason)", "failures": "\(failures)"])
                // Thrown only when cancelled: the loop's condition sees it.
                try? await node.clock.sleep(for: policy.delay(afterAttempt: failures, randomness))
            }
        }
    }
}

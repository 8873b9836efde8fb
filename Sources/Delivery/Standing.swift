package import Contracts
import Synchronization

/// Which parts of a service wait for their environment (disk, database, log) to heal, and why.
///
/// A service with a part that stands is alive but not ready: it loses nothing, and gets nowhere.
package final class Standing: Sendable {
    private let reasons = Mutex<[String: String]>([:])
    private let paused = Mutex<Pause?>(nil)
    private let circuits = Mutex<[String: CircuitBreaker.Status]>([:])
    private let retries = Mutex<[String: Retry]>([:])

    /// A call to the outside of which the outcome is unknown so far, as often as it was asked since the start.
    package struct Retry: Equatable, Sendable {
        package let key: String
        package let attempts: Int
        package let error: String
        package let nextAt: Timestamp

        package init(key: String, attempts: Int, error: String, nextAt: Timestamp) {
            self.key = key
            self.attempts = attempts
            self.error = error
            self.nextAt = nextAt
        }
    }

    package init() {}

    /// - Parameter reason: nil once the part goes on.
    func note(_ part: String, because reason: String?) {
        reasons.withLock { $0[part] = reason }
    }

    func note(_ pause: Pause?) {
        paused.withLock { $0 = pause }
    }

    func note(_ circuit: CircuitBreaker.Status) {
        circuits.withLock { $0[circuit.name] = circuit }
    }

    func note(_ retry: Retry) {
        retries.withLock { $0[retry.key] = retry }
    }

    func forgetRetry(of key: String) {
        retries.withLock { retries in
            if !retries.isEmpty { retries[key] = nil }
        }
    }

    /// Calls that are made again, in the order of their keys.
    package var callRetries: [Retry] { retries.withLock { $0.values.sorted { $0.key < $1.key } } }

    /// Nil while the consumer is not paused.
    package var pause: Pause? { paused.withLock { $0 } }

    /// The service's circuit breakers, in the order of their names.
    package var circuitBreakers: [CircuitBreaker.Status] {
        circuits.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    /// The parts in the order of their names, each with its reason.
    package var parts: [(part: String, reason: String)] {
        reasons.withLock { reasons in reasons.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}

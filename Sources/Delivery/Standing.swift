import Synchronization

/// Which parts of a service wait for their environment (disk, database, log) to heal, and why.
///
/// A service with a part that stands is alive but not ready: it loses nothing, and gets nowhere.
package final class Standing: Sendable {
    private let reasons = Mutex<[String: String]>([:])
    private let paused = Mutex<Pause?>(nil)
    private let circuits = Mutex<[String: CircuitBreaker.Status]>([:])

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

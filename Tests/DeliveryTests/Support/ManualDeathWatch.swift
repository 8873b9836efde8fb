import Contracts
import Delivery
import Synchronization

/// A death watch in the test's hands: what was being handled, and which death the last process is said to have died.
final class ManualDeathWatch: DeathWatch {
    private struct State {
        var trying: (topic: Topic, offset: UInt64)?
        var death: Death?
        var deaths: Int64 = 0
        var tried: [UInt64] = []
    }

    private let state = Mutex(State())

    /// What is being handled now.
    var current: (topic: Topic, offset: UInt64)? { state.withLock { $0.trying } }

    /// The process died of a trap on that event.
    func die(on topic: Topic, _ offset: UInt64, signal: Int32 = 5) {
        state.withLock { state in
            state.deaths += 1
            state.death = Death(topic: topic, offset: offset, signal: signal, stamp: state.deaths)
        }
    }

    /// Offsets of what was handled, in order.
    var tried: [UInt64] { state.withLock { $0.tried } }

    /// The evidence is still there at the next start.
    func repeatDeath(_ death: Death) {
        state.withLock { $0.death = death }
    }

    func trying(_ topic: Topic, _ offset: UInt64) {
        state.withLock { state in
            state.trying = (topic, offset)
            state.tried.append(offset)
        }
    }

    func idle() {
        state.withLock { $0.trying = nil }
    }

    func lastDeath() -> Death? {
        state.withLock { $0.death }
    }

    func acknowledge() {
        state.withLock { $0.death = nil }
    }
}

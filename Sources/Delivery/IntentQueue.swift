package import EventLog
import Synchronization

/// Intents on their way from the transaction that recorded them to whoever makes the calls.
///
/// Bounded: what does not fit is in the database alone, and found there when there is room.
package final class IntentQueue: Sendable {
    package let bell = Doorbell()
    private struct State {
        var intents: [Intent] = []
        var hasOverflowed = false
    }

    private let state = Mutex(State())

    /// Intents kept at most.
    static let limit = 4096

    func add(_ more: [Intent]) {
        guard !more.isEmpty else { return }
        state.withLock { state in
            let room = max(0, Self.limit - state.intents.count)
            state.intents += more.prefix(room)
            if more.count > room { state.hasOverflowed = true }
        }
        bell.ring()
    }

    /// What has come since, and whether some of it must be looked for in the database.
    package func take() -> (intents: [Intent], hasOverflowed: Bool) {
        state.withLock { state in
            defer { state = State() }
            return (state.intents, state.hasOverflowed)
        }
    }
}

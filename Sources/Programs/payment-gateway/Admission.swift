import Synchronization

/// Lets so many calls in at a time; more wait in order, and beyond a bound they are turned away.
final class Admission: Sendable {
    static let standardLimit = 256
    static let largestLimit = 100_000
    /// Calls that may wait; each holds a connection.
    static let mostWaiting = 16_384

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Index of the first one that still waits.
        var head = 0
        var waitingCount: Int { waiting.count - head }

        mutating func takeFirst() -> CheckedContinuation<Void, Never>? {
            guard head < waiting.count else { return nil }
            defer {
                head += 1
                if head > 1024, head * 2 > waiting.count {
                    waiting.removeFirst(head)
                    head = 0
                }
            }
            return waiting[head]
        }
    }

    private let state: Mutex<State>

    init(limit: Int) {
        state = Mutex(State(free: limit))
    }

    var waitingCount: Int { state.withLock { $0.waitingCount } }

    /// Returns once the call may go on; `leave` must follow. Throws when too many wait already.
    func enter() async throws(Refusal) {
        let entered = state.withLock { state -> Bool? in
            if state.free > 0 {
                state.free -= 1
                return true
            }
            return state.waitingCount < Self.mostWaiting ? false : nil
        }
        guard let entered else { throw .overloaded }
        if entered { return }
        await withCheckedContinuation { continuation in
            let entersNow = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if entersNow { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let first = state.takeFirst() { return first }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

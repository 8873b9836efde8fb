import Contracts
import Delivery
import Synchronization

/// A clock that moves only when a test moves it.
final class ManualClock: ServiceClock {
    private struct State {
        var now: Timestamp
        var monotonic = MonotonicTime(microseconds: 0)
        var sleepers: [Int: (due: MonotonicTime, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextSleeper = 0
    }

    private let state: Mutex<State>

    init(_ now: Timestamp) {
        state = Mutex(State(now: now))
    }

    func now() -> Timestamp {
        state.withLock { $0.now }
    }

    let boot = "a test"

    func monotonic() -> MonotonicTime {
        state.withLock { $0.monotonic }
    }

    /// Somebody sets the wall clock, forward or back; no time passes.
    func set(ahead duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }

    /// How many tasks sleep: a test waits for this before it moves the clock.
    var sleepers: Int { state.withLock { $0.sleepers.count } }

    func advance(by duration: Duration) {
        let due = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            state.now = state.now + duration
            state.monotonic = state.monotonic + duration
            let due = state.sleepers.filter { $0.value.due <= state.monotonic }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    func sleep(for duration: Duration) async throws {
        let number = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if duration <= .zero { return .success(()) }
                    state.sleepers[number] = (state.monotonic + duration, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(
                throwing: CancellationError())
        }
    }
}

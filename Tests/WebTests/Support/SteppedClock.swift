import Contracts
import Delivery
import Synchronization

/// A clock that stands until a test moves it.
final class SteppedClock: ServiceClock {
    private let time = Mutex(
        ClockReading(
            wall: Timestamp(microseconds: 1_700_000_000_000_000), monotonic: MonotonicTime(microseconds: 0)))

    func now() -> Timestamp { time.withLock { $0.wall } }

    let boot = "a test"

    func monotonic() -> MonotonicTime { time.withLock { $0.monotonic } }

    func step(_ duration: Duration) {
        time.withLock { $0 = ClockReading(wall: $0.wall + duration, monotonic: $0.monotonic + duration) }
    }

    /// Somebody sets the wall clock, forward or back; no time passes.
    func set(ahead duration: Duration) {
        time.withLock { $0 = ClockReading(wall: $0.wall + duration, monotonic: $0.monotonic) }
    }

    func sleep(for duration: Duration) async throws { step(duration) }
}

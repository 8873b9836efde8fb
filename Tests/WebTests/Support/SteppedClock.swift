import Contracts
import Delivery
import Synchronization

/// A clock that stands until a test moves it, forth or back.
final class SteppedClock: ServiceClock {
    private let time = Mutex(Timestamp(microseconds: 1_700_000_000_000_000))

    func now() -> Timestamp { time.withLock { $0 } }

    func step(_ duration: Duration) { time.withLock { $0 = $0 + duration } }

    func sleep(for duration: Duration) async throws { step(duration) }
}

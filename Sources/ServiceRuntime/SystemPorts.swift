package import Contracts
import Delivery
import Foundation

/// The system's clock.
package struct SystemClock: ServiceClock {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// The system's randomness.
package struct SystemRandomness: Randomness {
    package init() {}

    package func next() -> UInt64 {
        UInt64.random(in: .min ... .max)
    }
}

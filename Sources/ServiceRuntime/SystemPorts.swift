package import Contracts
package import Delivery
import Foundation

/// The system's clock.
package struct SystemClock: ServiceClock {
    package init() {}

    package var boot: String { Self.machineBoot }

    /// Where it cannot be read, nothing is compared with what an earlier process measured.
    private static let machineBoot =
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
        .filter { !$0.isWhitespace } ?? UUID().uuidString

    package func now() -> Timestamp { Timestamp(microseconds: Self.microseconds(CLOCK_REALTIME)) }

    package func monotonic() -> MonotonicTime { MonotonicTime(microseconds: Self.microseconds(Self.boottime)) }

    /// It goes on while the machine sleeps, as `Task.sleep` does.
    #if os(Linux)
        private static let boottime = CLOCK_BOOTTIME
    #else
        private static let boottime = CLOCK_MONOTONIC
    #endif

    private static func microseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
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

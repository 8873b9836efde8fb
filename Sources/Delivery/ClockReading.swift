package import Contracts

/// A point in time of the monotonic clock, in microseconds: nobody sets that clock, and it means nothing on another machine
/// or after a boot.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Never comes.
    package static let never = Self(microseconds: .max)

    package static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Saturates.
    package static func + (time: Self, duration: Duration) -> Self {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.microseconds)
        return Self(microseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (time: Self, duration: Duration) -> Self {
        time + (.zero - duration)
    }

    /// The time from `right` to `left`; saturates.
    package static func - (left: Self, right: Self) -> Duration {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return .microseconds(overflow ? (left < right ? .min : .max) : difference)
    }
}

/// Both clocks, read together: events and rows are stamped with the one, pauses and durations measured with the other.
package struct ClockReading: Equatable, Sendable {
    package let wall: Timestamp
    package let monotonic: MonotonicTime

    package init(wall: Timestamp, monotonic: MonotonicTime) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

extension ServiceClock {
    package func read() -> ClockReading {
        ClockReading(wall: now(), monotonic: monotonic())
    }
}

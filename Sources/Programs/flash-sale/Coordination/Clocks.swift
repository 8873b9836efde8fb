import Contracts
import Foundation

/// One instant on both clocks: monotonic, which workers share, and calendar, in which events are stamped.
struct StartInstant: Sendable, Equatable {
    /// Nanoseconds.
    var monotonic: Int64
    var calendar: Timestamp

    /// The instant so many seconds from now.
    static func after(seconds: Double) -> StartInstant {
        let ahead = Int64(seconds * 1_000_000_000)
        return StartInstant(
            monotonic: Worker.now + ahead, calendar: Timestamp(microseconds: calendarNow.microseconds + ahead / 1000))
    }

    static var calendarNow: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    var secondsSince: Double { Double(Worker.now - monotonic) / 1_000_000_000 }

    func seconds(to time: Timestamp) -> Double {
        Double(time.microseconds - calendar.microseconds) / 1_000_000
    }
}

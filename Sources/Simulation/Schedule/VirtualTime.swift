import Contracts
import Delivery

/// The time of a world: it stands while jobs run, but for what they cost, and jumps forward when nothing else is to do.
///
/// The wall clock can be set forward and back; sleeping does not care. Unchecked: a world runs on one thread.
final class VirtualTime: @unchecked Sendable {
    /// Since the world began.
    private(set) var microseconds: Int64 = 0
    /// What the wall clock is ahead.
    private var offset: Int64 = 0
    private var timers = Timers()

    /// 2026-11-18, some hour.
    private static let beginning: Int64 = 1_795_000_000_000_000

    var wall: Timestamp { Timestamp(microseconds: Self.beginning + microseconds + offset) }

    func passes(_ duration: Duration) {
        microseconds += max(0, duration.microseconds)
    }

    func setWallClock(ahead duration: Duration) {
        offset += duration.microseconds
    }

    func after(_ duration: Duration, _ action: @escaping () -> Void) {
        timers.set(at: microseconds + max(0, duration.microseconds), action)
    }

    /// Does what is due by now.
    func fireDue() {
        while let due = timers.nextDue, due <= microseconds { timers.takeFirst().action() }
    }

    /// Jumps to the next timer and does it; false where there is none.
    func jump() -> Bool {
        guard let due = timers.nextDue else { return false }
        microseconds = max(microseconds, due)
        timers.takeFirst().action()
        return true
    }

    /// Nothing happens any more.
    func forgetTimers() {
        timers = Timers()
    }

    /// Throws `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws {
        let alarm = Alarm()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume() }
                alarm.continuation = continuation
                after(duration) { alarm.ring() }
            }
        } onCancel: {
            alarm.ring()
        }
        try Task.checkCancellation()
    }

    /// Wakes a sleeper once. Unchecked: as above.
    private final class Alarm: @unchecked Sendable {
        var continuation: CheckedContinuation<Void, Never>?

        func ring() {
            let waiting = continuation
            continuation = nil
            waiting?.resume()
        }
    }
}

/// The clock of the simulated machine.
struct VirtualClock: ServiceClock {
    let time: VirtualTime

    func now() -> Timestamp { time.wall }

    var boot: String { "virtual" }

    func monotonic() -> MonotonicTime { MonotonicTime(microseconds: time.microseconds) }

    func sleep(for duration: Duration) async throws {
        try await time.sleep(for: duration)
    }
}

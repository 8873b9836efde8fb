package import Contracts
import GRDB
import Synchronization

/// How old a stamped time really is, whatever the wall clock was set to since.
///
/// *Guarantee*: setting the clock ends no hold, raises no alarm and prunes nothing before its time, nor keeps any of these
/// from happening; over restarts, too. *Why not the difference to the clock's time*: after a leap of a day each event on its
/// way is a day old. *If broken*: every order on its way is cancelled because its hold has ended, and reported as stuck.
///
/// It remembers by how much the wall clock was ahead of the monotonic one lately. A stamp was made with one of those: with
/// the one by which it is youngest, and not still to come.
package final class ClockHistory: Sendable {
    private struct Offset {
        /// What the wall clock is ahead of the monotonic one.
        var ahead: Duration
        var lastSeen: MonotonicTime
    }

    private let clock: any ServiceClock
    /// The one in force is the last, and there is always one.
    private let offsets: Mutex<[Offset]>

    /// A smaller step is a clock that is being trued.
    private static let step = Duration.seconds(1)
    /// What is kept at most: so many, for so long.
    private static let maximumOffsets = 16
    private static let memory = Duration.seconds(2 * 86_400)

    /// Goes on with what the service's last process knew, and keeps it for the next one.
    init(_ clock: any ServiceClock, _ db: Database) throws {
        self.clock = clock
        let now = clock.read()
        var known = try Row.fetchAll(
            db, sql: "SELECT ahead, last_seen FROM clock_offsets WHERE boot = ? ORDER BY last_seen",
            arguments: [clock.boot]
        ).map { row in
            let cell = Cells(row, of: "clock_offsets")
            return Offset(
                ahead: .microseconds(try cell(0, as: Int64.self)), lastSeen: MonotonicTime(microseconds: try cell(1)))
        }
        // As far as is known, the last one was in force until now.
        if !known.isEmpty { known[known.count - 1].lastSeen = now.monotonic }
        Self.note(now, &known)
        try db.execute(sql: "DELETE FROM clock_offsets")
        for offset in known {
            try db.execute(
                sql: "INSERT INTO clock_offsets (boot, ahead, last_seen) VALUES (?, ?, ?)",
                arguments: [clock.boot, offset.ahead.microseconds, offset.lastSeen.microseconds])
        }
        offsets = Mutex(known)
    }

    /// Reads both clocks, and notes where the one was set: called for every event.
    package func read() -> ClockReading {
        let reading = clock.read()
        return offsets.withLock { offsets in
            guard let last = offsets.last, Self.differ(last.ahead, reading.ahead) else {
                offsets[offsets.count - 1] = Offset(ahead: reading.ahead, lastSeen: reading.monotonic)
                return reading
            }
            // Once more: the process may have been held up between the two clocks.
            let again = clock.read()
            Self.note(again, &offsets)
            return again
        }
    }

    private static func note(_ reading: ClockReading, _ offsets: inout [Offset]) {
        offsets.removeAll { $0.lastSeen < reading.monotonic - memory || !differ($0.ahead, reading.ahead) }
        offsets.append(Offset(ahead: reading.ahead, lastSeen: reading.monotonic))
        if offsets.count > maximumOffsets { offsets.removeFirst() }
    }

    /// How long ago a time was stamped by this machine's clock; nothing for one that is still to come.
    package func age(of stamp: Timestamp, at now: ClockReading) -> Duration {
        #if MUTANTS
            if Mutant.ageByWallClock.isOn { return max(.zero, now.wall - stamp) }
        #endif
        return offsets.withLock { offsets in
            guard offsets.count > 1 else { return max(.zero, now.wall - stamp) }
            let ages = (offsets.map(\.ahead) + [now.ahead]).map { now.monotonic.wall(ahead: $0) - stamp }
            return max(.zero, ages.filter { $0 > .zero - Self.step }.min() ?? .zero)
        }
    }

    /// The time of what follows of something that was stamped: the clock's, or what the clock that stamped the cause would
    /// show now, where that is later.
    ///
    /// *Why*: what waited for a time, such as the end of a hold, must not bear a time before it.
    package func stamp(after cause: Timestamp, at now: ClockReading) -> Timestamp {
        max(now.wall, cause + age(of: cause, at: now))
    }

    /// How long it is until a time that was stamped ahead, by no more than a limit.
    package func wait(until due: Timestamp, limit: Duration, at now: ClockReading) -> Duration {
        #if MUTANTS
            if Mutant.dueTimeNotBounded.isOn { return max(.zero, due - now.wall) }
        #endif
        let waits = stamps(.zero, now).map { due - $0 }.filter { $0 >= .zero }
        return min(waits.min() ?? .zero, limit)
    }

    /// Everything stamped earlier is at least so old.
    package func earliest(withAge age: Duration, at now: ClockReading) -> Timestamp {
        stamps(age, now).min() ?? now.wall - age
    }

    /// Nothing stamped later is so old.
    package func latest(withAge age: Duration, at now: ClockReading) -> Timestamp {
        stamps(age, now).max() ?? now.wall - age
    }

    /// What the clock may have shown so long ago.
    private func stamps(_ age: Duration, _ now: ClockReading) -> [Timestamp] {
        offsets.withLock { $0.map { (now.monotonic - age).wall(ahead: $0.ahead) } }
    }

    private static func differ(_ left: Duration, _ right: Duration) -> Bool {
        left - right > step || right - left > step
    }
}

extension ClockReading {
    fileprivate var ahead: Duration { wall - Timestamp(microseconds: monotonic.microseconds) }
}

extension MonotonicTime {
    fileprivate func wall(ahead: Duration) -> Timestamp { Timestamp(microseconds: microseconds) + ahead }
}

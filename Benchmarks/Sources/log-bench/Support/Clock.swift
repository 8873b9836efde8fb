import Foundation
import Glibc

/// The clocks that the measurements use, in nanoseconds.
enum Clock {
    /// CLOCK_MONOTONIC: the same in all processes of the machine.
    static var now: UInt64 { read(CLOCK_MONOTONIC) }
    /// What this process's threads used, in user mode and in the kernel.
    static var cpu: UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }
    static var wallMicroseconds: Int64 { Int64(read(CLOCK_REALTIME) / 1000) }

    static func sleep(until nanoseconds: UInt64) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }

    /// A sleep ends when it should and not up to 50 µs later: proc(5), `timerslack_ns`; where the file is missing, so be it.
    static func sleepPrecisely() {
        FileHandle(forWritingAtPath: "/proc/self/timerslack_ns")?.write(Data("1".utf8))
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Wall clock and CPU time since it was made.
struct Meter {
    let wall = Clock.now
    let cpu = Clock.cpu

    var nanoseconds: UInt64 { Clock.now - wall }
    var cpuNanoseconds: UInt64 { Clock.cpu - cpu }
}

import Foundation
import NIOCore

/// A living process, from `/proc`.
struct LiveProcess {
    let pid: Int32
    let uptimeSeconds: Double
    let cpuSeconds: Double
    let residentBytes: Int64
    /// Whether a signal stopped it (SIGSTOP): it lives, and does nothing.
    let isStopped: Bool

    /// Nil where no such process lives, or where it is not the program: pids are used again.
    init?(pid: Int32, program: String) {
        guard pid > 0, let arguments = DataDirectory.text("/proc/\(pid)/cmdline"),
            arguments.split(separator: "\0").contains(where: { $0 == program || $0.hasSuffix("/" + program) }),
            let fields = Self.statistics(pid), fields.count > 21, fields[0] != "Z",
            let user = Double(fields[11]), let system = Double(fields[12]), let start = Double(fields[19]),
            let pages = Int64(fields[21]), let uptime = Self.systemUptime()
        else { return nil }
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        self.pid = pid
        isStopped = fields[0] == "T"
        cpuSeconds = (user + system) / ticks
        uptimeSeconds = max(0, uptime - start / ticks)
        residentBytes = pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// What there is to say of one that was asked and gave no answer.
    var silence: String {
        isStopped
            ? "is stopped by a signal; kill -CONT \(pid) lets it go on"
            : "runs (pid \(pid)), and gave no answer within \(LiveStatus.timeLimit.nanoseconds / 1_000_000) ms"
    }

    /// The fields of `/proc/PID/stat` from the third on (proc(5)); the second may hold blanks and parentheses.
    private static func statistics(_ pid: Int32) -> [Substring]? {
        guard let text = DataDirectory.text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func systemUptime() -> Double? {
        DataDirectory.text("/proc/uptime")?.split(separator: " ").first.flatMap { Double($0) }
    }

    /// Who holds the lock that every service takes on its database's directory; also where it was started by hand.
    static func lockHolder(of directory: String) -> Int32? {
        var status = stat()
        guard stat(directory, &status) == 0, let locks = DataDirectory.text("/proc/locks", limit: 1 << 20) else {
            return nil
        }
        let inode = ":\(status.st_ino)"
        for line in locks.split(separator: "\n") {
            // 1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF
            let fields = line.split(separator: " ")
            if fields.count > 5, fields[1] == "FLOCK", fields[3] == "WRITE", fields[5].hasSuffix(inode) {
                return Int32(fields[4])
            }
        }
        return nil
    }
}

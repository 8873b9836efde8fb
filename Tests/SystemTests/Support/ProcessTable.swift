import Foundation

/// What `/proc` says about processes.
enum ProcessTable {
    struct Entry: CustomStringConvertible {
        let pid: Int32
        let command: String

        var description: String { "\(pid): \(command)" }
    }

    /// Every living process whose command line mentions `text`, such as the path of a data directory.
    static func mentioning(_ text: String) -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let pid = Int32(name), let bytes = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { return nil }
            let command = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\0", with: " ")
            return command.contains(text) ? Entry(pid: pid, command: command) : nil
        }
    }

    /// Whether a process has ended; one that nobody waited for yet has no command line any more.
    static func isGone(_ pid: Int32) -> Bool {
        FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")?.isEmpty ?? true
    }

    /// Whether every thread of a process is stopped by a signal.
    static func isStopped(_ pid: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return !threads.isEmpty
            && threads.allSatisfy { thread in
                guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/task/\(thread)/stat") else {
                    return false
                }
                // The state stands after the name in parentheses.
                return String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" T") ?? false
            }
    }

    /// The targets of a process's open file descriptors.
    static func openFiles(of pid: Int32) -> [String] {
        let directory = "/proc/\(pid)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)") }
    }

    /// User and system time of a process so far, in seconds.
    static func cpuSeconds(of pid: Int32) -> Double? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
            // After the name in parentheses: state, …, utime and stime as the 12th and 13th.
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " "),
            fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

import Contracts
import Foundation

/// What one service used during a run.
struct ServiceUsage: Codable, Sendable, Equatable {
    /// User and system time of every process that was this service during the run.
    var cpuSeconds: Double
    /// The largest resident set of any of them, ever (`VmHWM`).
    var peakRSSBytes: Int
    /// Processes seen: more than one where the service was restarted.
    var processes: Int
}

/// Follows the services' processes through `run/<service>.pid` and `/proc`.
///
/// A process found only after the start counts whole, one that stood before counts from then on. What a process used
/// between the last look and its death is not seen: at most one second of it.
struct ProcessUsage: Sendable {
    private struct Seen: Sendable {
        var first: Double
        var last: Double
        var peak: Int
        var firstSeen: Timestamp
        var lastSeen: Timestamp
    }

    private let runDirectory: String
    private let processDirectory: String
    private var seen: [String: [String: Seen]] = [:]
    private var hasLooked = false
    private var lastLook: Timestamp?

    init(runDirectory: String, processDirectory: String = "/proc") {
        self.runDirectory = runDirectory
        self.processDirectory = processDirectory
    }

    mutating func look(at time: Timestamp) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runDirectory)) ?? []
        for name in names where name.hasSuffix(".pid") && name != "supervisor.pid" {
            let service = String(name.dropLast(4))
            guard let text = Self.text("\(runDirectory)/\(name)"),
                let pid = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)),
                let stat = Self.text("\(processDirectory)/\(pid)/stat"), let times = Self.times(stat)
            else { continue }
            let peak = Self.text("\(processDirectory)/\(pid)/status").flatMap(Self.peak) ?? 0
            // A pid alone may be used again by another process; with its start time it names one.
            let process = "\(pid)@\(times.started)"
            var entry =
                seen[service]?[process]
                ?? Seen(
                    first: hasLooked ? 0 : times.cpuSeconds, last: 0, peak: 0, firstSeen: time, lastSeen: time)
            entry.lastSeen = time
            entry.last = times.cpuSeconds
            entry.peak = max(entry.peak, peak)
            seen[service, default: [:]][process] = entry
        }
        hasLooked = true
        lastLook = time
    }

    var services: [String: ServiceUsage] {
        seen.mapValues { processes in
            ServiceUsage(
                cpuSeconds: processes.values.reduce(0) { $0 + $1.last - $1.first },
                peakRSSBytes: processes.values.map(\.peak).max() ?? 0, processes: processes.count)
        }
    }

    /// When a service's process was gone, or another one all at once, from the start on, for so many seconds.
    ///
    /// Exact to the time between two looks.
    func interruptions(from start: StartInstant, until end: Double) -> [Report.Interruption] {
        seen.flatMap { service, processes in
            let lives = processes.values.sorted { $0.firstSeen < $1.firstSeen }
            return lives.enumerated().compactMap { index, life -> Report.Interruption? in
                let next = index + 1 < lives.count ? lives[index + 1].firstSeen : nil
                guard next != nil || lastLook.map({ life.lastSeen < $0 }) == true else { return nil }
                let from = start.seconds(to: life.lastSeen)
                guard from >= 0, from <= end else { return nil }
                return Report.Interruption(service: service, from: from, until: next.map { start.seconds(to: $0) })
            }
        }.sorted { ($0.from, $0.service) < ($1.from, $1.service) }
    }

    /// From `/proc/<pid>/stat` (proc(5)): fields 14 and 15 are user and system time, 22 the start, all in clock ticks.
    static func times(_ stat: String) -> (cpuSeconds: Double, started: String)? {
        // Field 2 is the name in parentheses and may hold anything, blanks and parentheses included.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count >= 20, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return ((user + system) / Double(sysconf(Int32(_SC_CLK_TCK))), String(fields[19]))
    }

    /// `VmHWM` of `/proc/<pid>/status`, in bytes.
    static func peak(_ status: String) -> Int? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.dropFirst(6).split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) })
        else { return nil }
        return kilobytes * 1024
    }

    private static func text(_ path: String) -> String? {
        // Gone is an answer too: a process may end at any time.
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

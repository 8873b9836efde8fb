import Foundation

/// Writes the figures of one scenario to standard output.
struct Report {
    let scenario: String

    func line(_ metric: String, _ value: Double) {
        let text = String(format: "%.3f", value)
        FileHandle.standardOutput.write(Data("RESULT\t\(scenario)\t\(metric)\t\(text)\n".utf8))
    }

    func rate(events: Int, nanoseconds: UInt64, cpuNanoseconds: UInt64) {
        line("events/s", Double(events) * 1e9 / Double(nanoseconds))
        line("client_cpu_us/event", Double(cpuNanoseconds) / 1e3 / Double(events))
    }

    func rate(events: Int, since meter: Meter) {
        rate(events: events, nanoseconds: meter.nanoseconds, cpuNanoseconds: meter.cpuNanoseconds)
    }

    /// - Parameter nanoseconds: at least one.
    func percentiles(of nanoseconds: [Int64]) {
        let sorted = nanoseconds.sorted()
        line("p50_us", Self.percentile(50, of: sorted))
        line("p99_us", Self.percentile(99, of: sorted))
        line("max_us", Self.percentile(100, of: sorted))
    }

    /// Nearest rank: the smallest value that `percent` of all do not exceed, in microseconds.
    private static func percentile(_ percent: Int, of sorted: [Int64]) -> Double {
        Double(sorted[max(1, (sorted.count * percent + 99) / 100) - 1]) / 1e3
    }
}

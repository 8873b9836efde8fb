import Dispatch
import Foundation
import ProcessIO
import Simulation
import Synchronization

/// Shares a range of seeds among processes, each of which runs its part alone.
struct Fleet {
    let seeds: SeedRange
    let jobs: Int
    let kinds: Set<FaultKind>
    let arguments: [String]
    /// Whether each seed's report goes out as it comes, and no summary.
    let isJSON: Bool

    func run(_ signals: StopSignals) throws -> Bool {
        let begin = ContinuousClock.now
        let width = Int(seeds.range.upperBound - seeds.range.lowerBound + 1)
        let share = (width + jobs - 1) / jobs
        var children: [(process: Process, output: Pipe)] = []
        for start in stride(from: 0, to: width, by: share) {
            let first = seeds.range.lowerBound + UInt64(start)
            let last = min(first + UInt64(share) - 1, seeds.range.upperBound)
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            child.arguments = ["--seeds", "\(first)..\(last)"] + arguments
            let output = Pipe()
            child.standardOutput = output
            try child.run()
            signals.started(child)
            children.append((child, output))
        }
        let outputs = try readAll(children.map(\.output))
        var summary = RangeSummary(kinds: kinds)
        var isWell = true
        for ((child, _), data) in zip(children, outputs) {
            child.waitUntilExit()
            signals.ended(child)
            if child.terminationStatus > 1 || child.terminationReason != .exit { isWell = false }
            for line in data.split(separator: UInt8(ascii: "\n")) {
                let report = try JSONDecoder().decode(ReportJSON.self, from: line)
                var tally = FaultTally()
                for (name, count) in report.faults {
                    if let kind = FaultKind(rawValue: name) { tally.fired(kind, times: count) }
                }
                summary.add(report.verdict == "VALID", orders: report.orders, tally: tally)
            }
        }
        summary.took = ContinuousClock.now - begin
        if !isJSON { try StandardOutput.line(summary.lines.joined(separator: "\n")) }
        return isWell && summary.isWell && summary.seeds == width
    }

    /// All at once: a child whose pipe is full stands still until somebody reads it.
    ///
    /// - Throws: `OutputError`, once all are read.
    private func readAll(_ pipes: [Pipe]) throws -> [Data] {
        let outputs = Mutex([Data](repeating: Data(), count: pipes.count))
        let failure = Mutex<OutputError?>(nil)
        let handles = pipes.map(\.fileHandleForReading)
        DispatchQueue.concurrentPerform(iterations: handles.count) { index in
            var data = Data()
            var told = 0
            while case let more = handles[index].availableData, !more.isEmpty {
                data += more
                guard isJSON, let end = data.lastIndex(of: UInt8(ascii: "\n")), end >= told else { continue }
                // Under the lock: lines of two children are not mixed.
                failure.withLock { failure in
                    do throws(OutputError) {
                        if failure == nil { try StandardOutput.write(data[told...end]) }
                    } catch {
                        failure = error
                    }
                }
                told = end + 1
            }
            outputs.withLock { $0[index] = data }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return outputs.withLock { $0 }
    }
}

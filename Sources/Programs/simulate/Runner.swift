import Foundation
import ProcessIO
import Simulation

/// Runs seeds one after the other in this process, and says what came of them.
struct Runner {
    let simulation: Simulation
    let orders: Int
    let span: Duration
    let kinds: Set<FaultKind>
    let planted: PlantedMistake?
    let isJSON: Bool
    /// The arguments that make a seed this run and not the usual one.
    let unusual: [String]

    private func worldOptions(_ seed: UInt64) -> WorldOptions {
        var options = WorldOptions(seed: seed, span: span, kinds: kinds)
        options.orders = orders
        options.planted = planted
        return options
    }

    // MARK: - One seed

    /// Whether all is well.
    func run(_ seed: UInt64, withStory: Bool) throws -> Bool {
        var options = worldOptions(seed)
        options.isTold = withStory
        let report = try simulation.run(options)
        if isJSON {
            try StandardOutput.line(ReportJSON(report).line)
        } else {
            if withStory { try StandardOutput.line(report.story.joined(separator: "\n")) }
            try StandardOutput.line(ReportText.lines(of: report).joined(separator: "\n"))
        }
        if !report.isValid { try explain(report) }
        return report.isValid
    }

    /// The shortest list of faults, and the story of the order concerned; beside the data, so on standard error.
    private func explain(_ report: SimulationReport) throws {
        var shrinking = Shrinking { faults in
            var options = worldOptions(report.seed)
            options.plan = FaultPlan(faults: faults)
            return try simulation.run(options).violation?.kind == report.violation?.kind
        }
        let shortest = try shrinking.shrink(report.happened)
        var options = worldOptions(report.seed)
        options.plan = FaultPlan(faults: shortest)
        options.isTold = true
        let told = try simulation.run(options)
        var lines = ["", "The shortest list of faults that still fails, after \(shrinking.runs) runs:"]
        lines += shortest.isEmpty ? ["  none: it fails without any"] : shortest.map { "  \($0)" }
        lines += ["With these: \(told.violation.map { "\($0)" } ?? "no violation, which must not be")"]
        if let order = told.violation?.order {
            lines += ["", "The story of order \(order):"] + told.story.filter { $0.contains(order) }.map { "  \($0)" }
        } else {
            lines += ["", "The end of the story:"] + told.story.suffix(40).map { "  \($0)" }
        }
        StandardError.line(lines.joined(separator: "\n"))
    }

    // MARK: - A range

    /// Seeds from which on every kind of fault must have come.
    static let enoughSeeds = 200

    func run(_ range: ClosedRange<UInt64>) throws -> Bool {
        var summary = RangeSummary(kinds: kinds)
        let begin = ContinuousClock.now
        for seed in range {
            let report = try simulation.run(worldOptions(seed))
            summary.add(report.isValid, orders: report.orders, tally: report.tally)
            // At once: whoever stops the range keeps what is done.
            if isJSON { try StandardOutput.line(ReportJSON(report).line) }
            if let violation = report.violation {
                let again = (["simulate", "--seed", "\(seed)"] + unusual).joined(separator: " ")
                StandardError.line("seed \(seed): \(violation)\n  run '\(again)' to see why")
            }
        }
        summary.took = ContinuousClock.now - begin
        if !isJSON { try StandardOutput.line(summary.lines.joined(separator: "\n")) }
        return summary.isWell
    }
}

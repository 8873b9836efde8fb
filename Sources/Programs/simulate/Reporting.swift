import Foundation
import Simulation

/// A run as one line of JSON.
struct ReportJSON: Codable {
    var seed: UInt64
    var verdict: String
    var traceHash: String
    var orders: Int
    /// How often each kind of fault happened.
    var faults: [String: Int]
    var violation: String?
    var order: String?
    var virtualSeconds: Double
    var steps: Int

    init(_ report: SimulationReport) {
        seed = report.seed
        verdict = report.isValid ? "VALID" : "INVALID"
        traceHash = report.traceHash
        orders = report.orders
        faults = Dictionary(
            uniqueKeysWithValues: FaultKind.allCases.filter { report.tally[$0] > 0 }
                .map { ($0.rawValue, report.tally[$0]) })
        violation = report.violation?.description
        order = report.violation?.order
        virtualSeconds = report.lasted / .seconds(1)
        steps = report.steps
    }

    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Plain values always encode.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

/// A run in words.
enum ReportText {
    static func lines(of report: SimulationReport) -> [String] {
        var lines = [
            "seed        \(report.seed)",
            "verdict     \(report.isValid ? "VALID" : "INVALID")",
            "trace hash  \(report.traceHash)",
            "orders      \(report.orders)",
            "lasted      \(Int(report.lasted / .seconds(1))) virtual seconds, \(report.steps) steps",
            "faults      \(report.tally.total)",
        ]
        lines += Self.table(report.tally)
        if let violation = report.violation { lines.append("violation   \(violation)") }
        return lines
    }

    static func table(_ tally: FaultTally) -> [String] {
        FaultKind.allCases.filter { tally[$0] > 0 }.map { kind in
            "  \(kind.rawValue.padding(toLength: 18, withPad: " ", startingAt: 0)) \(tally[kind])"
        }
    }
}

/// What a range of seeds came to.
struct RangeSummary {
    let kinds: Set<FaultKind>
    var took = Duration.zero
    private(set) var seeds = 0
    private(set) var invalid = 0
    private(set) var orders = 0
    private(set) var tally = FaultTally()

    init(kinds: Set<FaultKind>) {
        self.kinds = kinds
    }

    mutating func add(_ isValid: Bool, orders count: Int, tally more: FaultTally) {
        seeds += 1
        if !isValid { invalid += 1 }
        orders += count
        tally += more
    }

    /// Kinds that should have happened and never did; of a small range nothing is expected.
    private var missing: [FaultKind] {
        guard seeds >= Runner.enoughSeeds, kinds == Set(FaultKind.allCases) else { return [] }
        return tally.neverFired
    }

    var isWell: Bool { invalid == 0 && missing.isEmpty }

    var lines: [String] {
        let seconds = took / .seconds(1)
        var lines = [
            "\(seeds) seeds, \(invalid) failed, in \(Int(seconds)) s: "
                + "\(Int(Double(seeds) / seconds * 3600)) seeds an hour, \(Int(Double(orders) / seconds)) orders a second",
            "faults that happened: \(tally.total)",
        ]
        lines += ReportText.table(tally)
        for kind in missing { lines.append("  \(kind.rawValue) NEVER HAPPENED") }
        return lines
    }
}

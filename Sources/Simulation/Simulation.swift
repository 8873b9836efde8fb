import Contracts
import Foundation

/// One run of a seed: what came of it.
package struct SimulationReport: Sendable {
    package let seed: UInt64
    package let violation: Violation?
    /// Sixteen hexadecimal digits.
    package let traceHash: String
    /// Orders that were acknowledged.
    package let orders: Int
    /// Orders of which Payment said that their hold had ended.
    package let expired: Int
    package let tally: FaultTally
    /// Of the plan, those that happened.
    package let happened: [PlannedFault]
    /// In virtual time.
    package let lasted: Duration
    package let steps: Int
    /// What happened, line by line, where it was asked for.
    package let story: [String]

    package var isValid: Bool { violation == nil }
}

/// Runs seeds.
package struct Simulation: Sendable {
    private let judge: any Judge
    /// Where evidence is laid out for the judge; of memory, best.
    private let scratch: String

    package init(judge: any Judge, scratch: String) {
        self.judge = judge
        self.scratch = scratch
    }

    /// Blocking: everything happens on this thread.
    package func run(_ options: WorldOptions) throws -> SimulationReport {
        let world = World(options)
        world.runFaults()
        // Of rot that is not found yet the verifier is asked, not the audit.
        if options.isJudgedMidway, world.violation == nil, world.isQuiet {
            try judge(world, .underFaults)
        }
        world.runRepaired()
        let (steps, tally, happened) = (world.executor.steps, world.saboteur.tally, world.saboteur.happened)
        world.stop()
        if world.violation == nil { try judge(world, .atRest) }
        return SimulationReport(
            seed: options.seed, violation: world.violation, traceHash: world.trace.hash.hex,
            orders: world.acknowledged.count, expired: world.trace.expired, tally: tally,
            happened: options.plan.faults.filter { happened.contains($0.number) },
            lasted: .microseconds(world.time.microseconds), steps: steps, story: world.trace.lines)
    }

    private enum Moment {
        case underFaults, atRest
    }

    private func judge(_ world: World, _ moment: Moment) throws {
        let directory = scratch + "/evidence"
        try? FileManager.default.removeItem(atPath: directory)  // there is none but after a run that was cut off
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }  // the caller clears the scratch
        let judgement = try judge.judge(try ExportedEvidence(of: world, in: directory))
        switch (judgement.verdict, moment) {
        case (.valid, _), (.nothingToJudge, _), (.unknown, .underFaults): return
        case (.invalid, _), (.unknown, .atRest):
            let first = judgement.findings.first
            let text = judgement.findings.prefix(3).map { "invariant \($0.invariant): \($0.message)" }
            world.fail(
                .invariant, "the audit says \(judgement.verdict.rawValue): \(text.joined(separator: " | "))",
                order: first?.order.flatMap { OrderID($0) })
        }
    }
}

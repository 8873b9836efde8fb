import Contracts
import Doctor
import Foundation
import Simulation
import Synchronization
import TestSupport
import Testing

@testable import simulate

/// One change to the evidence of a finished run, anywhere: the audit notices it, or it is on the list of excuses.
@Suite(
    "The audit notices what a doctor changes", .tags(.simulation), .timeLimit(.minutes(10)))
struct DoctorTests {
    /// Changes made to the evidence of each run.
    private static let changesPerRun = 50

    @Test("No change to the evidence of a finished run is VALID, but for what is excused")
    func noticed() async throws {
        var made = 0
        for run in Histories.seeds(10) {
            let doctored = try await offPool { try Self.doctor(run: run + 1) }
            made += doctored.made
            for missed in doctored.missed { Issue.record("run \(run + 1), \(missed)") }
        }
        #expect(made == Histories.seeds(10).count * Self.changesPerRun)
    }

    private static func doctor(run seed: UInt64) throws -> (made: Int, missed: [String]) {
        let judge = DoctoringJudge(seed: seed, changes: Self.changesPerRun)
        var options = WorldOptions(seed: seed, span: .seconds(20))
        options.orders = 15
        options.isJudgedMidway = false
        let report = try runOnThisThread(options, judge: judge)
        #expect(report.violation == nil, "run \(seed) is no VALID run")
        return judge.result
    }
}

/// Judges the evidence as it is; then, again and again, with one change made.
private final class DoctoringJudge: Judge {
    private let seed: UInt64
    private let changes: Int
    private let found = Mutex((made: 0, missed: [String]()))

    init(seed: UInt64, changes: Int) {
        self.seed = seed
        self.changes = changes
    }

    var result: (made: Int, missed: [String]) { found.withLock { $0 } }

    func judge(_ evidence: ExportedEvidence) throws -> Judgement {
        let honest = try AuditJudge().judge(evidence)
        guard honest.verdict == .valid else { return honest }
        let doctor = try Doctor(directory: evidence.directory)
        for number in 0..<UInt64(changes) {
            let change = try doctor.change(seed: seed << 32 | number)
            let verdict: String
            do {
                verdict = try AuditJudge().judge(evidence).verdict.rawValue
            } catch {
                verdict = "no verdict: \(error)"
            }
            try doctor.restore()
            found.withLock { found in
                found.made += 1
                guard verdict != "INVALID", verdict != "UNKNOWN", Excuses.reason(change) == nil else { return }
                found.missed.append("change \(number), \(change): \(verdict)")
            }
        }
        return try AuditJudge().judge(evidence)
    }
}

import Contracts
import Doctor
import Foundation
import Simulation
import Synchronization
import TestSupport
import Testing

@testable import simulate

/// What a service would not start on, the audit does not call VALID: both are asked, of the same states.
@Suite("What an owner refuses, the audit finds", .tags(.simulation), .timeLimit(.minutes(10)))
struct RefusedStatesTests {
    @Test("No state that its owner refuses is VALID")
    func refused() async throws {
        let judge = RefusingJudge()
        let report = try await offPool {
            var options = WorldOptions(seed: 4, span: .seconds(20))
            options.orders = 15
            options.isJudgedMidway = false
            return try runOnThisThread(options, judge: judge)
        }
        #expect(report.violation == nil, "the run is no VALID run")
        let found = judge.found.withLock { $0 }
        #expect(found.refused >= 30, "the owner goes on with: \(found.taken.joined(separator: "; "))")
        for missed in found.missed { Issue.record("\(missed)") }
    }
}

private final class RefusingJudge: Judge {
    let found = Mutex((refused: 0, taken: [String](), missed: [String]()))

    func judge(_ evidence: ExportedEvidence) throws -> Judgement {
        let honest = try AuditJudge().judge(evidence)
        guard honest.verdict == .valid else { return honest }
        let doctor = try Doctor(directory: evidence.directory)
        for service in ServiceName.allCases {
            if let refusal = Owner(service: service, directory: evidence.directory).refusal() {
                found.withLock { $0.missed.append("\(service.rawValue) refuses a VALID run: \(refusal)") }
            }
            try doctor.restore()
        }
        for state in RefusedState.all {
            guard try state.make(evidence.directory) else { continue }
            let verdict: String
            do {
                verdict = try AuditJudge().judge(evidence).verdict.rawValue
            } catch {
                verdict = "no verdict: \(error)"
            }
            let refusal = Owner(service: state.service, directory: evidence.directory).refusal()
            try doctor.restore()
            found.withLock { found in
                guard let refusal else { return found.taken.append("\(state.name) (\(verdict))") }
                found.refused += 1
                guard verdict != "INVALID", verdict != "UNKNOWN" else { return }
                found.missed.append("\(state.name): \(verdict), its owner says: \(refusal)")
            }
        }
        return honest
    }
}

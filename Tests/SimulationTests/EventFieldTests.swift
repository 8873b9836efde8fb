import Contracts
import Doctor
import Foundation
import Simulation
import Synchronization
import Testing

@testable import simulate

/// Each field of each event that the shop's own handlers made, changed alone in the log of a finished run.
@Suite("Every field of every event is checked", .tags(.simulation), .timeLimit(.minutes(15)))
struct EventFieldTests {
    private static let types: Set<String> = [
        V1.OrderCreated.type, V1.OrderCancellationRequested.type, V1.OrderConfirmed.type, V1.OrderCancelled.type,
        V1.StockReserved.type, V1.StockRejected.type, V1.StockReleased.type, V1.StockAdjusted.type,
        V1.PaymentSucceeded.type, V1.PaymentFailed.type, V1.PaymentRefunded.type, V1.NotificationSent.type,
    ]

    @Test("A field that is changed alone makes the run INVALID or UNKNOWN, but for what the table excuses")
    func noticed() async throws {
        let (left, missed) = try await offPool {
            var left = Self.types
            var missed: [String] = []
            // Until each type was met.
            for seed in 1...20 as ClosedRange<UInt64> where !left.isEmpty {
                let judge = try FieldJudge(types: left)
                var options = WorldOptions(seed: seed, span: .seconds(20), kinds: [])
                options.orders = 25
                options.isJudgedMidway = false
                let report = try runOnThisThread(options, judge: judge)
                #expect(report.violation == nil, "run \(seed) is no VALID run")
                left.subtract(judge.result.types)
                missed += judge.result.missed.map { "run \(seed), \($0)" }
            }
            return (left, missed)
        }
        #expect(left.isEmpty, "never met")
        for change in missed { Issue.record("VALID after \(change)") }
    }
}

/// Judges the evidence as it is; then with each field changed.
private final class FieldJudge: Judge {
    private let types: Set<String>
    private let table: FieldTable
    private let found = Mutex((types: Set<String>(), missed: [String]()))

    init(types: Set<String>) throws {
        self.types = types
        table = try FieldTable()
    }

    var result: (types: Set<String>, missed: [String]) { found.withLock { $0 } }

    func judge(_ evidence: ExportedEvidence) throws -> Judgement {
        let honest = try AuditJudge().judge(evidence)
        guard honest.verdict == .valid else { return honest }
        let doctor = try Doctor(directory: evidence.directory)
        let met = try doctor.changeEveryField(of: types, perType: 1, attempts: 2) { change in
            // The mailbox is compared by a check of its own.
            if change.place == "notifications v1.NotificationSent data.channel" { return }
            guard try AuditJudge().judge(evidence).verdict == .valid, !table.excuses(change) else { return }
            found.withLock { $0.missed.append("\(change)") }
        }
        found.withLock { $0.types = met }
        return honest
    }
}

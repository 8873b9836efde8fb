import Contracts
import Doctor
import Foundation
import Simulation
import Synchronization
import TestSupport
import Testing

@testable import simulate

/// Each column of each table with each of a dozen values that do not belong there, one at a time: the audit ends, and does
/// not call it VALID. It runs in this process, so that a trap ends the suite.
@Suite("The audit reads damaged cells", .tags(.simulation), .timeLimit(.minutes(30)))
struct DamagedCellTests {
    @Test("No damaged cell traps the audit or is VALID, but for what is excused")
    func damaged() async throws {
        let judge = DamagingJudge()
        let report = try await offPool {
            var options = WorldOptions(seed: 4, span: .seconds(20))
            options.orders = 15
            options.isJudgedMidway = false
            return try runOnThisThread(options, judge: judge)
        }
        #expect(report.violation == nil, "the run is no VALID run")
        let found = judge.found.withLock { $0 }
        #expect(found.made > 50)
        for missed in found.missed { Issue.record("\(missed)") }
    }
}

/// Columns that may hold another value of their type and range.
private enum CellExcuses {
    static func reason(_ damage: DamagedCells.Damage) -> String? {
        let table = damage.place.split(separator: " ").last.map(String.init) ?? ""
        return list.first { $0.columns.contains(table) }?.reason
    }

    private static let list: [(columns: Set<String>, reason: String)] = [
        (
            ["products.name", "products.unit_price", "products.currency"],
            "what is for sale from now on, told by no event"
        ),
        (
            [
                "intents.recorded_at"
            ], "when a finished call was decided on, which nobody reads again"
        ),
        (
            ["alerts.service", "alerts.type", "alerts.signature", "alerts.letters"],
            "counts for the operator's messages, in no event"
        ),
        (
            ["channel_marks.channel", "channel_marks.mark"],
            "how far the mailbox is known: less makes its owner read more of it, and more is the mailbox's"
        ),
        (
            ["clock_offsets.boot", "clock_offsets.ahead", "clock_offsets.last_seen"],
            "what the machine's clocks were like: no fact of the shop"
        ),
        (["ledger.entry", "ledger.at"], "the gateway's own numbers and times"),
        (
            [
                "dead_letters.error", "dead_letters.error_kind", "dead_letters.signature", "dead_letters.attempts",
                "dead_letters.first_failed_at", "dead_letters.died_at", "dead_letters.settled_at", "parked.error",
                "parked.error_kind", "parked.attempts", "parked.first_failed_at", "parked.arrival",
                "dead_letter_actions.number", "dead_letter_actions.at", "dead_letter_actions.actor",
                "dead_letter_actions.reason", "dead_letter_actions.detail", "anomalies.topic", "anomalies.offset",
                "anomalies.subject", "anomalies.type", "anomalies.text", "anomalies.at", "injected.at",
                "injected.actor",
            ], "what an operator is told of it, in no event"
        ),
    ]
}

/// Judges the evidence as it is; then with one cell damaged after the other.
private final class DamagingJudge: Judge {
    let found = Mutex((made: 0, missed: [String]()))

    func judge(_ evidence: ExportedEvidence) throws -> Judgement {
        let honest = try AuditJudge().judge(evidence)
        guard honest.verdict == .valid else { return honest }
        let doctor = try Doctor(directory: evidence.directory)
        let all = try DamagedCells.all(in: evidence.directory)
        // One value a column, another for the next one; all of them in the long run.
        let isWhole = Histories.seeds(10).count == 10
        for (number, damage) in all.enumerated() where isWhole || number % 12 == number / 12 % 12 {
            let isMade = try DamagedCells.make(damage)
            defer { try? doctor.restore() }  // what stays is seen by the next one
            guard isMade else { continue }
            let verdict: String
            do {
                verdict = try AuditJudge().judge(evidence).verdict.rawValue
            } catch {
                verdict = "no verdict: \(error)"
            }
            found.withLock { found in
                found.made += 1
                guard verdict != "INVALID", verdict != "UNKNOWN", CellExcuses.reason(damage) == nil else { return }
                found.missed.append("\(damage): \(verdict)")
            }
        }
        return honest
    }
}

import Contracts
import Testing

@testable import flash_sale

@Suite("The verdict is the audit's, or worse")
struct VerdictTests {
    private static let accepted = (1...3).map {
        AcceptedOrder(order: OrderID(high: 1 << 60, low: $0), intended: 0, total: 100)
    }

    private static func outcome(
        audit exitCode: Int32 = 0, settled: Int = 3, change: (inout SaleOutcome) -> Void = { _ in }
    ) -> Report {
        var settlement = Settlement()
        for order in accepted.prefix(settled) {
            settlement.add(
                OrderOutcome(
                    order: order.order, kind: OrderOutcome.confirmed, time: Timestamp(microseconds: 2_000_000),
                    total: 100))
        }
        var result = WorkerResult()
        result.tally.accepted = 3
        let verdict = [0: "VALID", 3: "INVALID", 4: "UNKNOWN"][exitCode] ?? ""
        var outcome = SaleOutcome(
            kind: "run", run: "r",
            settings: .init(arrivalSeconds: 1, products: 1, stock: "all", patienceSeconds: 60, cores: 2),
            offered: 3, intended: [0, 0, 0],
            start: StartInstant(monotonic: 0, calendar: Timestamp(microseconds: 1_000_000)),
            result: result, accepted: accepted, settlement: settlement,
            observation: Observation(usage: ProcessUsage(runDirectory: "/nowhere")),
            generator: .init(processes: 1, cpuSeconds: 0), replay: nil,
            audit: AuditFinding(exitCode: exitCode, output: "{\"verdict\":\"\(verdict)\"}", errors: ""))
        change(&outcome)
        return outcome.report()
    }

    @Test(
        "all accounted for: what the audit says", arguments: [(Int32(0), Verdict.valid), (3, .invalid), (4, .unknown)])
    func audit(exitCode: Int32, verdict: Verdict) {
        let report = Self.outcome(audit: exitCode)
        #expect(report.verdict == verdict)
        #expect(report.verdict.exitCode == exitCode)
        #expect(report.seconds.total == 1)
        #expect(report.latencyMilliseconds.settle.max == 1_000)
    }

    @Test("no audit, no VALID")
    func noAudit() {
        #expect(Self.outcome { $0.audit = nil }.verdict == .unknown)
        #expect(Self.outcome { $0.audit = AuditFinding(failure: "not there") }.verdict == .unknown)
    }

    @Test("shoppers who were never sent: never VALID")
    func notSent() {
        let report = Self.outcome {
            $0.result.tally.notSent = 1
            $0.offered = 4
        }
        #expect(report.verdict == .unknown)
        #expect(report.notSent == 1)
    }

    @Test("an order without outcome that nothing holds up: never VALID, and INVALID stays INVALID")
    func pending() {
        #expect(Self.outcome(settled: 2).verdict == .unknown)
        #expect(Self.outcome(audit: 3, settled: 2).verdict == .invalid)
    }

    @Test("orders that dead letters hold up: the audit's word, and the same words beside it; not one order more")
    func heldUp() {
        func report(held: Int) -> Report {
            Self.outcome(settled: 1) {
                let desk = "{\"letters\":2,\"orders\":\(held),\"holding\":1}"
                $0.audit = AuditFinding(
                    exitCode: 0, output: "{\"verdict\":\"VALID\",\"desk\":\(desk)}", errors: "")
            }
        }
        let held = report(held: 2)
        #expect(held.verdict == .valid)
        #expect(held.verdictLine == "VALID  2 orders held up by 1 dead letter, 2 dead letters in all")
        #expect(held.remarks == ["2 accepted orders have no outcome yet"])
        #expect(report(held: 1).verdict == .unknown)
    }

    @Test("a sale in which nothing was accepted is the audit's NOTHING TO JUDGE, with its own exit code")
    func nothing() {
        let report = Self.outcome(settled: 0) {
            $0.accepted = []
            $0.result.tally.accepted = 0
            $0.result.refusals = ["503 closed": 3]
            $0.audit = AuditFinding(exitCode: 4, output: "{\"verdict\":\"NOTHING TO JUDGE\"}", errors: "")
        }
        #expect(report.verdict == .nothingToJudge && report.verdict.exitCode == 4)
        #expect(report.remarks == ["no order was ever placed"])
    }

    @Test("somebody vanished: INVALID")
    func vanished() {
        #expect(Self.outcome { $0.offered = 4 }.verdict == .invalid)
        #expect(Self.outcome { $0.result.tally.accepted = 2 }.verdict == .invalid)
    }

    @Test("an acknowledgement with a wrong receipt: INVALID")
    func wrongReceipt() {
        let report = Self.outcome {
            $0.offered = 4
            $0.result.tally.refused = 1
            $0.result.refusals = ["202 with another total than the catalogue's": 1]
        }
        #expect(report.verdict == .invalid)
    }

    @Test("an order that the shop confirmed and then refunded counts as refunded, settled at the first outcome")
    func currentOutcome() {
        var settlement = Settlement()
        let order = Self.accepted[0]
        for (kind, time) in [("confirmed", Int64(1)), ("refunded", 5)] {
            settlement.add(
                OrderOutcome(order: order.order, kind: kind, time: Timestamp(microseconds: time), total: 100))
        }
        #expect(settlement.outcomes(of: [order])["refunded"] == 1)
        #expect(settlement.entries[order.order]?.settledAt == Timestamp(microseconds: 1))
        var cancelled = Self.accepted[1]
        cancelled.mustBeCancelled = true
        settlement.add(
            OrderOutcome(order: cancelled.order, kind: "confirmed", time: Timestamp(microseconds: 9), total: 100))
        #expect(!settlement.isSettled(cancelled))
        #expect(settlement.outcomes(of: [cancelled])["pending"] == 1)
    }
}

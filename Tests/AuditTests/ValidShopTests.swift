import Audit
import Contracts
import Foundation
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ValidShopTests {
    @Test("a shop in which every order came to its end is VALID, running or stopped", arguments: [true, false])
    func settled(isStopped: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        if isStopped { try shop.stop() }
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(report.verdict.exitCode == 0)
        #expect(report.orders == 6)
        #expect(report.invariants.map(\.id) == Array(1...10))
        #expect(report.invariants.allSatisfy { $0.checked > 0 && $0.violations.isEmpty && $0.notes.isEmpty })
    }

    @Test(
        "a shop without an order is not VALID but NOTHING TO JUDGE, stocked or not; what is broken or missing there wins"
    )
    func empty() throws {
        let shop = try Shop()
        defer { shop.remove() }
        for stocked in [false, true] {
            if stocked { try shop.stock("P-0001", 5) }
            try shop.settleAll()
            let report = try shop.audit()
            #expect(report.verdict == .nothingToJudge, "\(report.words)")
            #expect(report.verdict.exitCode == 4 && report.orders == 0)
            #expect(AuditText(report).lines.last?.hasPrefix("NOTHING TO JUDGE  no order was ever placed; ") == true)
        }
        try shop.edit(.inventory, "UPDATE stock SET available = 4")
        #expect(try shop.audit().verdict == .invalid)
    }
}

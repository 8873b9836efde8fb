import Contracts
import Foundation
import Testing
import TestSupport

@Suite("stampede audit", .timeLimit(.minutes(5)))
struct CLIAuditTests {
    private static let exitCodes: [String: Int32] = ["VALID": 0, "INVALID": 3, "UNKNOWN": 4, "NOTHING TO JUDGE": 4]

    @Test("an empty directory is exit code 1, not a verdict")
    func nothingToAudit() async throws {
        try await withTemporaryDirectory { data in
            let outcome = try await CLI.run("audit", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("nothing to audit"))
        }
    }

    @Test("text and JSON give ten invariants and one verdict, and the exit code is the verdict's")
    func verdict() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            let text = try await CLI.run("audit", data: data)
            #expect(text.output.widest <= 80)
            let outcome = try await CLI.run("audit", "--json", data: data)
            let json = try CLI.object(outcome.output)
            let verdict = try #require(json["verdict"] as? String)
            #expect(outcome.status == Self.exitCodes[verdict])
            #expect(text.status == outcome.status && text.output.contains(verdict))
            #expect((json["invariants"] as? [[String: Any]])?.compactMap { $0["id"] as? Int } == Array(1...10))
        }
    }

    @Test("a changed log is INVALID: exit code 3")
    func changedLog() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            try flipByte(of: data + "/log/payments/00000000000000000000.segment", holding: "pi_1")
            #expect(try await CLI.run("audit", data: data).status == 3)
        }
    }
}

import Foundation
import Testing
import TestSupport

/// What the drills share: a drill that fails names what it missed.
@Suite("Scripts/drill", .timeLimit(.minutes(5)))
struct DrillTests {
    private func verdict(_ checks: String) async throws -> Outcome {
        let script = "from shop import Verdict\nverdict = Verdict()\n\(checks)\nverdict.end()"
        return try await runProgram(
            "/usr/bin/env", ["python3", "-c", script],
            environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "\(Project.root)/Scripts/lib/drills"])
    }

    @Test("the end repeats each aim that was missed, with what was seen, and none that was met")
    func missed() async throws {
        let outcome = try await verdict(
            """
            verdict.check(False, "p50 260 ms", "at most 220 ms")
            verdict.check(True, "all 20 orders settled")
            verdict.check(False, "3 open dead letters", 0)
            verdict.check_audit("UNKNOWN", " afterwards")
            """)
        #expect(outcome.status == 1)
        let lines = outcome.output.textLines
        #expect(lines.contains("FAIL  p50 260 ms; aim: at most 220 ms"))
        #expect(lines.contains("ok    all 20 orders settled"))
        let end = try #require(lines.firstIndex(of: "It did not hold. Missed:"))
        #expect(
            lines[lines.index(after: end)...].filter { !$0.isEmpty } == [
                "- p50 260 ms; aim: at most 220 ms", "- 3 open dead letters; aim: 0",
                "- audit afterwards: UNKNOWN; aim: VALID",
            ])
    }

    @Test("a drill that met all its aims says so, with exit code 0")
    func met() async throws {
        let outcome = try await verdict("verdict.check_audit('VALID')")
        #expect(outcome.status == 0 && outcome.output.contains("It held."))
    }

    @Test("the limits of the dashboard drill are those that docs/dashboard.md and README.md name")
    func limits() throws {
        func text(_ path: String) throws -> String {
            try String(contentsOfFile: "\(Project.root)/\(path)", encoding: .utf8)
        }
        let drill = try text("Scripts/lib/drills/dashboard.py")
        let cost = try #require(drill.firstMatch(of: #/\nAIM = ([0-9.]+) /#)).1
        let gap = try #require(drill.firstMatch(of: #/\nLIMIT_MILLISECONDS = ([0-9]+) /#)).1
        let page = try text("docs/dashboard.md").replacing("\n", with: " ")
        #expect(page.contains("\(cost) times the CPU, \(cost) times as long, \(gap) ms between two snapshots"))
        #expect(try text("README.md").contains("limit \(cost)); a snapshot every 209 ms (limit \(gap) ms)"))
    }
}

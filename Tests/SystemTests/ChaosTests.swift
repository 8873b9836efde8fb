import Foundation
import Testing
import TestSupport

/// `Scripts/chaos` at small size: that it strikes, that it judges, and that it leaves nothing behind.
@Suite("Chaos on the real services", .serialized, .tags(.chaos), .timeLimit(.minutes(5)))
struct ChaosTests {
    /// What tests read of `Scripts/chaos … --json FILE`.
    private struct Report: Decodable {
        struct Struck: Decodable {
            let killed: Int
            let counted: Int
            let stopped: Int
        }

        struct Disk: Decodable {
            let full: Int
            let felt: Int
        }

        let struck: [String: Struck]
        let countedKills: Int
        let disk: Disk
        let without: [String]
        let accepted: Int
        let findings: [String]
        let verdict: String
    }

    /// Runs it with a directory for all that it makes, which must be empty again afterwards, and held by nobody.
    private func chaos(_ arguments: String..., signalAfter seconds: Int? = nil) async throws -> (Outcome, Report?) {
        try await withTemporaryDirectory { directory in
            let scratch = directory + "/scratch"
            try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
            let file = directory + "/chaos.json"
            let interruption = seconds.map { ["--signal", "INT", "--preserve-status", "\($0)"] } ?? ["100"]
            let outcome = try await runProgram(
                "/usr/bin/timeout",
                interruption + [Project.root + "/Scripts/chaos", "--json", file] + arguments,
                environment: ["STAMPEDE_BIN": Project.binaries, "TMPDIR": scratch])
            let left = try FileManager.default.contentsOfDirectory(atPath: scratch)
            if outcome.status == 0 || seconds != nil { #expect(left.isEmpty, "left behind: \(left)") }
            #expect(ProcessTable.mentioning(scratch).isEmpty)
            let mounts = try String(contentsOfFile: "/proc/mounts", encoding: .utf8)
            #expect(!mounts.contains(scratch))
            let report = try FileManager.default.contents(atPath: file).map {
                try JSONDecoder().decode(Report.self, from: $0)
            }
            return (outcome, report)
        }
    }

    @Test("amid kills, stops and a full disk no order is lost, and each process comes back")
    func short() async throws {
        let (outcome, found) = try await chaos("--minutes", "0.4", "--shoppers", "600", "--unsettled", "20")
        #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
        let report = try #require(found)
        #expect(report.verdict == "VALID")
        #expect(report.findings.isEmpty)
        #expect(report.accepted == 600)
        #expect(report.countedKills >= 5, "\(outcome.output)")
        #expect(report.struck.count == 7)
        #expect(report.struck.values.allSatisfy { $0.killed > 0 })
        #expect(report.struck.values.contains { $0.stopped > 0 })
        #expect(report.disk.felt > 0 || !report.without.isEmpty, "\(outcome.output)")
    }

    @Test("a run in which no kill counted has proved nothing, and says so")
    func nothingCounted() async throws {
        let (outcome, report) = try await chaos(
            "--minutes", "0.1", "--shoppers", "60", "--unsettled", "61", "--without", "stop", "--without", "disk")
        #expect(outcome.status == 1, "\(outcome.output)\n\(outcome.errors)")
        #expect(report?.verdict == "FAILED")
        #expect(report?.findings == ["no strike of this kind: kill"])
    }

    @Test("Ctrl-C ends everything, and leaves no process, mount or file")
    func interrupted() async throws {
        let (outcome, report) = try await chaos("--minutes", "1", "--shoppers", "1000", signalAfter: 9)
        #expect(outcome.status == 130, "\(outcome.output)\n\(outcome.errors)")
        #expect(report == nil)
    }

    @Test("the same seed plans the same strikes, and leaving a kind out changes nothing of the others")
    func plans() async throws {
        func plan(_ arguments: String...) async throws -> [Substring] {
            let outcome = try await runProgram(
                Project.root + "/Scripts/chaos", ["--plan", "--minutes", "2"] + arguments,
                environment: ["STAMPEDE_BIN": Project.binaries])
            #expect(outcome.status == 0, "\(outcome.errors)")
            return outcome.output.split(separator: "\n")
        }
        let first = try await plan("--seed", "1")
        #expect(first.count > 60)
        #expect(try await plan("--seed", "1") == first)
        #expect(try await plan("--seed", "2") != first)
        #expect(try await plan("--seed", "1", "--without", "stop") == first.filter { !$0.contains("  stop  ") })
    }
}

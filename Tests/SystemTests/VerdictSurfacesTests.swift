import Foundation
import GRDB
import Testing
import TestSupport

/// One verdict in one word, on three surfaces: `stampede audit`, `flash-sale` and the dashboard, over the states of a shop.
@Suite("One verdict", .serialized, .timeLimit(.minutes(15)))
struct VerdictSurfacesTests {
    /// What a surface says: the word, and what is said with it.
    private struct Said: Equatable {
        let word: String
        let detail: String
    }

    private func audit(_ run: SupervisedRun) async throws -> Said {
        let outcome = try await runProgram(
            run.binaries + "/stampede", ["audit", "--json", "--data", run.data, "--bin", run.binaries])
        let json = try CLI.object(outcome.output)
        let word = try #require(json["verdict"] as? String)
        #expect(outcome.status == ["VALID": 0, "INVALID": 3, "UNKNOWN": 4, "NOTHING TO JUDGE": 4][word], "\(word)")
        let text = try await run.audit().output.textLines.last.map(String.init) ?? ""
        #expect(text.hasPrefix(word), "\(text)")
        let desk = try #require(json["desk"] as? [String: Any])
        return Said(word: word, detail: "\(desk["orders"] ?? "?") orders, \(desk["letters"] ?? "?") letters")
    }

    /// The dashboard's latest snapshot, when it has asked every service once.
    private func snapshot(_ run: SupervisedRun) async throws -> [String: Any] {
        let script = """
            import sys, urllib.request
            kind = b""
            for line in urllib.request.urlopen(sys.argv[1], timeout=60):
                if line.startswith(b"event:"): kind = line[6:].strip()
                elif line.startswith(b"data:") and kind == b"snapshot":
                    sys.stdout.write(line[5:].decode())
                    break
            """
        let outcome = try await runProgram(
            "/usr/bin/env", ["python3", "-c", script, "http://127.0.0.1:\(run.portBase + 5)/events"])
        return try CLI.object(outcome.output)
    }

    private func dashboard(_ run: SupervisedRun) async throws -> Said {
        let summary = try #require(try await snapshot(run)["summary"] as? [String: String])
        return Said(word: summary["verdict"] ?? "", detail: summary["detail"] ?? "")
    }

    /// Waits until the dashboard says what the audit does; on the way there it may not know yet, and says nothing else.
    private func expectDashboard(_ word: String, _ run: SupervisedRun, detail: String? = nil) async throws {
        var said = Said(word: "", detail: "")
        try await waitUntil("the dashboard says \(word)") {
            said = try await dashboard(run)
            return said.word == word || !["UNKNOWN", "VALID", "NOTHING TO JUDGE"].contains(said.word)
        }
        #expect(said.word == word, "\(said.detail)")
        if let detail { #expect(said.detail == detail) }
    }

    private func setFaults(_ rules: String, _ service: String, _ run: SupervisedRun, in directory: String) async throws
    {
        try rules.write(toFile: "\(directory)/\(service).json", atomically: true, encoding: .utf8)
        #expect(try await run.supervisor("restart", service).status == 0)
    }

    @Test(
        "empty, calm, in flight, a dead letter, an order held up, services down, a figure changed: one word everywhere")
    func surfaces() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            for service in ["payment", "analytics"] {
                try "{}".write(toFile: "\(directory)/\(service).json", atomically: true, encoding: .utf8)
            }
            let faults = ["payment", "analytics"].flatMap { ["--test-faults", "\($0)=\(directory)/\($0).json"] }
            try await run.whileUp(options: faults) {
                try await expectEmpty(run)
                try await expectCalm(run)
                try await expectInFlight(run)
                try await expectDeadLetter(run, directory)
                try await expectHeldUp(run, directory)
                try await expectServicesDown(run)
                try await mend(run, directory)
            }
            try doctor(run)
            try await run.whileUp {
                try await expectDashboard("INVALID", run)
                #expect(try await audit(run).word == "INVALID")
                #expect(try await run.sell("--shoppers", "1", "--stock", "all", exitCode: 3).verdict == "INVALID")
            }
        }
    }

    // MARK: - States

    private func expectEmpty(_ run: SupervisedRun) async throws {
        try await expectDashboard("NOTHING TO JUDGE", run, detail: "no order was ever placed")
        #expect(try await audit(run).word == "NOTHING TO JUDGE")
    }

    private func expectCalm(_ run: SupervisedRun) async throws {
        #expect(try await run.sell("--shoppers", "10", "--stock", "all").verdict == "VALID")
        try await expectDashboard("VALID", run, detail: "")
        #expect(try await audit(run) == Said(word: "VALID", detail: "0 orders, 0 letters"))
    }

    private func expectInFlight(_ run: SupervisedRun) async throws {
        _ = try await CLI.run("pause", "payment", data: run.data)
        let report = try await run.sell("--shoppers", "2", "--stock", "all", "--drain-timeout", "1s", exitCode: 4)
        #expect(report.verdict == "UNKNOWN" && report.outcomes["pending"] == 2)
        try await expectDashboard("UNKNOWN", run)
        #expect(try await audit(run).word == "UNKNOWN")
        _ = try await CLI.run("resume", "payment", data: run.data)
        try await expectDashboard("VALID", run)
        #expect(try await run.auditWhenSettled().status == 0)
    }

    private func expectDeadLetter(_ run: SupervisedRun, _ directory: String) async throws {
        try await setFaults(
            #"{"rules":[{"type":"v1.PaymentSucceeded","effect":"throws"}]}"#, "analytics", run, in: directory)
        #expect(try await run.sell("--shoppers", "2", "--stock", "all").verdict == "VALID")
        try await expectDashboard("VALID", run, detail: "2 dead letters, no order held up")
        #expect(try await audit(run) == Said(word: "VALID", detail: "0 orders, 2 letters"))
    }

    private func expectHeldUp(_ run: SupervisedRun, _ directory: String) async throws {
        try await setFaults(
            #"{"rules":[{"type":"v1.StockReserved","effect":"throws"}]}"#, "payment", run, in: directory)
        let report = try await run.sell("--shoppers", "3", "--stock", "all", "--drain-timeout", "1s")
        #expect(report.verdict == "VALID" && report.outcomes["pending"] == 3)
        let held = "3 orders held up by 3 dead letters, 5 dead letters in all"
        try await expectDashboard("VALID", run, detail: held)
        #expect(try await audit(run) == Said(word: "VALID", detail: "3 orders, 5 letters"))
        #expect(try await run.audit().output.contains("\nVALID  \(held); "))
    }

    /// The audit reads what is on disk; the dashboard does not know what a service does that gives no answer.
    private func expectServicesDown(_ run: SupervisedRun) async throws {
        for service in ["payment", "inventory"] { #expect(try await run.supervisor("stop", service).status == 0) }
        try await expectDashboard("UNKNOWN", run)
        #expect(try await audit(run).word == "VALID")
        var first: [String] = []
        try await waitUntil("both are shown as down") {
            let processes = try await snapshot(run)["processes"] as? [[String: Any]] ?? []
            first = processes.filter { $0["look"] as? String == "bad" }.compactMap { $0["name"] as? String }
            return first.count == 2
        }
        #expect(first == ["inventory-service", "payment-service"])
        for service in ["payment", "inventory"] { #expect(try await run.supervisor("start", service).status == 0) }
    }

    private func mend(_ run: SupervisedRun, _ directory: String) async throws {
        for service in ["payment", "analytics"] { try await setFaults("{}", service, run, in: directory) }
        _ = try await CLI.run("dlq", "retry", "--all", data: run.data)
        try await expectDashboard("VALID", run, detail: "")
        #expect(try await run.auditWhenSettled().status == 0)
    }

    private func doctor(_ run: SupervisedRun) throws {
        let database = try DatabaseQueue(path: run.data + "/db/analytics/analytics.db")
        try database.write { try $0.execute(sql: "UPDATE units SET available = -5 WHERE product_id = 'P-0001'") }
        try database.close()
    }
}

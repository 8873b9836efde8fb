import Audit
import Contracts
import Doctor
import Foundation
import TestSupport
import Testing

/// A run of the real programs with all that can happen in one: sold out, declined, cancelled, paid back, dead letters that
/// were retried, edited, discarded and left, alerts, an event handed in raw. Then the doctor, on what it left on disk.
@Suite(
    "The audit notices what a doctor changes in a real run", .serialized, .timeLimit(.minutes(15)))
struct DoctoredRunTests {
    private static let changes: UInt64 = 150

    @Test("No change to the evidence of a finished run is VALID, but for what is excused")
    func noticed() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await trade(on: run, faults: directory + "/faults.json")
            let missed = try await offPool { try Self.doctor(run) }
            for change in missed { Issue.record("\(change)") }
        }
    }

    // MARK: - The run

    private func trade(on run: SupervisedRun, faults: String) async throws {
        let rules = #"{"rules":[{"type":"v1.StockReserved","share":0.3,"effect":"throws"}]}"#
        try rules.write(toFile: faults, atomically: true, encoding: .utf8)
        let empty = directory(of: faults) + "/no-faults.json"
        try "{}".write(toFile: empty, atomically: true, encoding: .utf8)
        try await run.whileUp("--test-faults", "payment=\(faults)", "--test-faults", "order=\(empty)") {
            _ = try await run.sell(
                "--shoppers", "60", "--products", "4", "--stock", "70", "--lines", "2", "--decline-share", "0.1",
                "--drain-timeout", "5s")
            try await cancelSome(run)
            var letters: [String] = []
            try await waitUntil("events are dead") {
                letters = try await self.letters(run)
                return letters.count >= 4
            }
            try "{}".write(toFile: faults, atomically: true, encoding: .utf8)
            #expect(try await run.supervisor("restart", "payment").status == 0)
            try await desk("retry", letters[0], on: run)
            try await desk("discard", letters[1], "--reason", "the customer called", on: run)
            let event = directory(of: faults) + "/event.jsonl"
            try "{\"base64\":\"AAAA\"}\n".write(toFile: event, atomically: true, encoding: .utf8)
            let injected = try await CLI.run("inject", "--service", "order", event, data: run.data)
            #expect(injected.status == 0, "\(injected.errors)")
            let audit = try await run.auditWhenSettled()
            #expect(audit.status == 0, "\(audit.output)")
        }
    }

    private func directory(of path: String) -> String { (path as NSString).deletingLastPathComponent }

    private func letters(_ run: SupervisedRun) async throws -> [String] {
        let list = try await CLI.json("dlq", "list", "--letters", data: run.data)
        return (list["letters"] as? [[String: Any]] ?? []).compactMap { $0["eventId"] as? String }
    }

    private func desk(_ verb: String, _ letter: String, _ more: String..., on run: SupervisedRun) async throws {
        let outcome = try await runProgram(CLI.executable, ["dlq", verb, letter, "--data", run.data] + more)
        #expect(outcome.status == 0, "\(verb): \(outcome.output) \(outcome.errors)")
    }

    /// Orders of one piece, cancelled once they are confirmed: paid back.
    private func cancelSome(_ run: SupervisedRun) async throws {
        try await run.stock()
        for number in 1...4 {
            let answer = try #require(try await run.order("cancelled-\(number)"))
            let (order, token) = (try #require(answer.member("orderId")), try #require(answer.member("token")))
            let path = "/v1/orders/" + order
            _ = await HTTP.send("GET", port: run.portBase, path + "?wait=10", token: token)
            #expect(await HTTP.send("DELETE", port: run.portBase, path, token: token)?.status == 202)
        }
    }

    // MARK: - The doctor

    private static func doctor(_ run: SupervisedRun) throws -> [String] {
        let rebuilder = ExecutableRebuilder(programs: run.binaries, dataDirectory: run.data)
        let audit = Audit(dataDirectory: run.data, rebuilder: rebuilder, isOwnCopy: true)
        let doctor = try Doctor(directory: run.data)
        var missed: [String] = []
        for number in Histories.seeds(changes) {
            let change = try doctor.change(seed: 1 << 40 | number)
            let verdict: String
            do {
                verdict = try audit.run().verdict.rawValue
            } catch {
                verdict = "no verdict: \(error)"
            }
            try doctor.restore()
            if verdict != "INVALID", verdict != "UNKNOWN", Excuses.reason(change) == nil {
                missed.append("change \(number), \(change): \(verdict)")
            }
        }
        #expect(try audit.run().verdict == .valid, "the doctor did not put back what was")
        return missed
    }
}

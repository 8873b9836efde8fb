import Foundation
import Testing
import TestSupport

/// The real programs, a sale on them, and the audit's word about it.
@Suite("A flash sale on the real services", .serialized, .timeLimit(.minutes(6)))
struct SaleTests {
    private func withRun(
        environment: [String: String] = [:], _ body: (SupervisedRun) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp(environment: environment) { try await body(run) }
            #expect(run.processes.isEmpty, "left behind: \(run.processes)")
        }
    }

    @Test("with stock for some, exactly that many are sold, the rest hear that it is sold out")
    func scarce() async throws {
        try await withRun { run in
            let report = try await run.sell("--shoppers", "400", "--stock", "50", "--products", "5", "--lines", "1")
            #expect(report.verdict == "VALID")
            #expect(report.accepted == 400)
            #expect(report.outcomes["confirmed"] == 50)
            #expect(report.outcomes["soldOut"] == 350)
            #expect(report.gaveUp == 0 && report.notSent == 0)
        }
    }

    @Test(
        "declined cards, orders of several lines, a gateway that fails, delays and loses its answers: the money still agrees"
    )
    func troubledGateway() async throws {
        let faults = "--error-rate 0.05 --lost-answer-rate 0.05 --decline-rate 0.05 --seed 7"
        try await withRun(environment: ["STAMPEDE_GATEWAY_ARGUMENTS": faults]) { run in
            let report = try await run.sell(
                "--shoppers", "300", "--stock", "all", "--lines", "4", "--decline-share", "0.1")
            #expect(report.verdict == "VALID")
            #expect(report.accepted == 300)
            #expect((report.outcomes["paymentDeclined"] ?? 0) > 15)
            #expect((report.outcomes["confirmed"] ?? 0) > 200)
        }
    }

    @Test(
        "kill -9 of each service once during the sale costs a pause and nothing else",
        arguments: [
            ["order-service", "inventory-service"], ["payment-service", "notification-service", "analytics-service"],
            ["payment-gateway"],
        ])
    func killedOneByOne(victims: [String]) async throws {
        try await withRun { run in
            async let report = run.sell("--shoppers", "600", "--arrival", "6s", "--stock", "500", "--patience", "60s")
            for victim in victims {
                try await killOnceWorking(victim, run)
                try await waitUntil("\(victim) is up again") {
                    try await run.status()[victim].map { $0.state == "running" && $0.restarts > 0 } ?? false
                }
            }
            let finished = try await report
            #expect(finished.verdict == "VALID")
            #expect(finished.accepted == 600)
            #expect(finished.gaveUp == 0)
        }
    }

    @Test("kill -9 of all services at once during the sale costs a pause and nothing else")
    func killedTogether() async throws {
        try await withRun { run in
            async let report = run.sell("--shoppers", "600", "--arrival", "5s", "--stock", "500", "--patience", "60s")
            try await waitUntilSelling(run)
            for service in SupervisedRun.services { kill(try run.pid(service), SIGKILL) }
            let finished = try await report
            #expect(finished.verdict == "VALID")
            #expect(finished.accepted == 600)
        }
    }

    @Test(
        "Notification held down for the whole sale: orders settle all the same; started later, each message is delivered once"
    )
    func notificationDown() async throws {
        try await withRun { run in
            #expect(try await run.supervisor("stop", "notification").status == 0)
            // The audit cannot say VALID while customers have not been told.
            let report = try await run.sell(
                "--shoppers", "200", "--products", "1", "--stock", "150", "--drain-timeout", "60s",
                exitCode: 4)
            #expect(report.outcomes["confirmed"] == 150)
            #expect(report.outcomes["soldOut"] == 50)
            #expect(try await run.supervisor("start", "notification").status == 0)
            let audit = try await run.auditWhenSettled()
            #expect(audit.status == 0, "\(audit.output)")
            #expect(try await mailboxCount(run) == 200)
        }
    }

    // MARK: -

    private func waitUntilSelling(_ run: SupervisedRun) async throws {
        try await waitUntil("the sale is under way") {
            let acknowledged = (try? FileManager.default.contentsOfDirectory(atPath: run.data + "/sale")) ?? []
            return acknowledged.contains { name in
                let size =
                    (try? FileManager.default.attributesOfItem(atPath: "\(run.data)/sale/\(name)")[.size]) as? Int
                return (size ?? 0) > 2000
            }
        }
    }

    private func killOnceWorking(_ victim: String, _ run: SupervisedRun) async throws {
        try await waitUntilSelling(run)
        kill(try run.pid(victim), SIGKILL)
    }

    /// How many messages Python's `mailbox` finds, each with an id of its own.
    private func mailboxCount(_ run: SupervisedRun) async throws -> Int {
        let script =
            "import mailbox,sys; print(len({m['Message-ID'] for m in mailbox.mbox(sys.argv[1])}), len(mailbox.mbox(sys.argv[1])))"
        let outcome = try await runProgram("/usr/bin/env", ["python3", "-c", script, run.data + "/mail/outbox.mbox"])
        let counts = outcome.output.split(separator: " ").compactMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        #expect(counts.count == 2 && counts[0] == counts[1], "\(outcome.output) \(outcome.errors)")
        return counts.last ?? -1
    }
}

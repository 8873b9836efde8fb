import Foundation
import Testing
import TestSupport

/// `Scripts/supervisor up --separate-users`: what a service that was taken over could do, and what goes on all the same.
@Suite("Each process as a user of its own", .serialized, .timeLimit(.minutes(5)))
struct SeparateUsersTests {
    private static let topics = [
        "order-service": ["orders", "order.dlq"], "inventory-service": ["inventory", "inventory.dlq"],
        "payment-service": ["payments", "payment.dlq"], "notification-service": ["notifications", "notification.dlq"],
        "analytics-service": ["analytics", "analytics.dlq"],
    ]
    private static let services = SupervisedRun.services.filter { $0 != "payment-gateway" }

    @Test(
        "a sale settles and is VALID; nobody can write what is another's, nor read its database or a secret",
        .enabled(if: geteuid() == 0, "root alone starts processes as other users"))
    func sale() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            let environment = [
                "STAMPEDE_USER_BASE": "\(ServiceUser.base)", "STAMPEDE_TRACE_SHARE": "1",
                "STAMPEDE_LOG_SEGMENT_BYTES": "65536",
            ]
            try await run.whileUp("--separate-users", environment: environment) {
                try await sell(run)
                try await expectWalls(run)
                try await expectIdentities(run)
                try await expectSupervision(run)
                try await expectOperator(run)
                try await sell(run)
            }
            let modes = try FileModes(below: run.data)
            #expect(modes.openToTheWorld.isEmpty, "the world can touch \(modes.openToTheWorld)")
            try await expectOwners(modes, run)
        }
    }

    private func sell(_ run: SupervisedRun) async throws {
        let sale = try await runProgram(
            Project.binaries + "/flash-sale", ["run", "--data", run.data, "--shoppers", "120", "--stock", "100"])
        #expect(sale.status == 0, "\(sale.output)\n\(sale.errors)")
        #expect(sale.output.contains("VALID"))
    }

    // MARK: - What must not be possible

    private func expectWalls(_ run: SupervisedRun) async throws {
        let modes = try FileModes(below: run.data)
        let everything = modes.entries.map(\.path).filter { !$0.isEmpty }.map { "\(run.data)/\($0)" }
        for service in Self.services {
            let user = ServiceUser(service)
            let name = service.dropLast("-service".count)
            let own =
                (Self.topics[service] ?? []).map { "\(run.data)/log/\($0)" } + ["\(run.data)/db/\(name)"]
                + (service == "notification-service" ? ["\(run.data)/mail"] : [])
            let spans = "\(run.data)/traces"
            let isOwn = { (path: String) in own.contains { path == $0 || path.hasPrefix($0 + "/") } }
            let writable = try await user.writable(everything)
            #expect(writable.contains { $0.hasPrefix(own[0]) }, "\(service) cannot even write what is its own")
            // In the directory of spans everybody makes files, and the sticky bit keeps each to its own.
            let foreign = writable.filter { !isOwn($0) && !$0.hasPrefix(spans) }
            #expect(foreign.isEmpty, "\(service) can write \(foreign)")

            let files = modes.entries.filter { $0.mode & S_IFMT == S_IFREG }.map { "\(run.data)/\($0.path)" }
            let readable = Set(try await user.readable(files))
            let open = files.filter { isOwn($0) || $0.hasPrefix(run.data + "/log/") || $0.hasSuffix(".sha256") }
            let closed = files.filter { !open.contains($0) && !$0.hasPrefix("\(spans)/\(name).") }
            #expect(open.filter { !readable.contains($0) }.isEmpty, "\(service) cannot read what it needs")
            #expect(closed.filter(readable.contains).isEmpty, "\(service) can read what it must not")
            #expect(closed.contains(run.data + "/operator.token"))
            #expect(closed.contains { $0.hasSuffix(".db") })
        }
        try await expectRefusals(run)
    }

    /// The same by doing it: one service, in so many words.
    private func expectRefusals(_ run: SupervisedRun) async throws {
        let notification = ServiceUser("notification-service")
        let segment = try #require(
            FileManager.default.contentsOfDirectory(atPath: run.data + "/log/payments").first {
                $0.hasSuffix(".segment")
            })
        for line in [
            "echo x >> '\(run.data)/log/payments/\(segment)'",
            "touch '\(run.data)/log/payments/99999999999999999999.segment'",
            "printf x | dd of='\(run.data)/log/payments/commit' conv=notrunc", "rm '\(run.data)/log/payments/commit'",
            "cat '\(run.data)/db/payment/payment.db'", "ls '\(run.data)/db/payment'",
            "cat '\(run.data)/db/order/order-token.key'", "cat '\(run.data)/operator.token'",
            "cat '\(run.data)/db/payment-gateway/payment-gateway.db'",
            "mv '\(run.data)/log/payments' '\(run.data)/log/p'",
            "rm '\(run.data)/traces/payment.jsonl'", "kill -9 \(try run.pid("payment-service"))",
            "touch '\(run.data)/operator.token.sha256'", "echo down > '\(run.data)/run/supervisor.fifo'",
        ] {
            let outcome = try await notification.shell(line)
            #expect(outcome.status != 0, "\(line) was done")
            #expect(
                outcome.errors.lowercased().contains("permission denied") || outcome.errors.contains("not permitted"),
                "\(line): \(outcome.errors)")
        }
        // What it is there for, it can.
        #expect(try await notification.shell("cat '\(run.data)/log/payments/\(segment)' >/dev/null").status == 0)
    }

    // MARK: - What must go on

    private func expectIdentities(_ run: SupervisedRun) async throws {
        for name in SupervisedRun.services {
            let status = try String(contentsOfFile: "/proc/\(try run.pid(name))/status", encoding: .utf8)
            let id = ServiceUser(name).id
            #expect(status.contains("Uid:\t\(id)\t\(id)\t\(id)\t\(id)\n"), "\(name): \(status)")
            #expect(status.contains("NoNewPrivs:\t1\n") && status.contains("CapEff:\t0000000000000000\n"), "\(name)")
        }
    }

    /// A killed service and one that is restarted come back as who they were.
    private func expectSupervision(_ run: SupervisedRun) async throws {
        kill(try run.pid("payment-service"), SIGKILL)
        try await waitUntil("the death is seen") { try await run.status()["payment-service"]?.restarts == 1 }
        try await run.waitUntilAllRun()
        #expect(try await run.supervisor("restart", "order").status == 0)
        #expect(try await run.supervisor("status").status == 0)
        try await expectIdentities(run)
    }

    /// What root looks at and does leaves nothing that a service cannot work with.
    private func expectOperator(_ run: SupervisedRun) async throws {
        for arguments in [
            ["status"], ["lag"], ["orders"], ["tail", "-n", "3"], ["log", "verify"], ["log", "archive"],
            ["dlq", "list"], ["pause", "payment"], ["resume", "payment"], ["audit"],
        ] {
            let outcome = try await runProgram(
                Project.binaries + "/stampede", arguments + ["--data", run.data])
            #expect(outcome.status == 0, "\(arguments): \(outcome.output)\(outcome.errors)")
        }
        #expect(try await run.supervisor("restart", "order").status == 0)
    }

    /// Nothing in a service's directories is somebody else's, but for what an archiving root leaves in a topic.
    private func expectOwners(_ modes: FileModes, _ run: SupervisedRun) async throws {
        for service in Self.services {
            let user = ServiceUser(service)
            let directories =
                (Self.topics[service] ?? []).map { "log/\($0)" }
                + ["db/\(service.dropLast("-service".count))"]
            let strange = modes.entries.filter { entry in
                entry.user != user.id && directories.contains { entry.path == $0 || entry.path.hasPrefix($0 + "/") }
            }
            #expect(strange.allSatisfy { $0.path.hasSuffix("/start") }, "in \(service)'s: \(strange)")
        }
    }
}

import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("stampede status", .timeLimit(.minutes(5)))
struct CLIStatusTests {
    @Test("with everything stopped it shows what waits, positions and ends")
    func stopped() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            for number in 1...3 { try world.addConfirmedOrder(CLIWorld.order(UInt64(number)), at: Int64(number) * 100) }
            try world.writeAll()
            try world.setPosition(.inventory, .orders, 4)
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO outbox_topics VALUES ('payments', 6, 3)")
                let waiting = try CLIWorld.paid(
                    try CLIWorld.reserved(try CLIWorld.created(CLIWorld.order(9), at: 1), at: 2), at: 9)
                for sequence in 3...5 {
                    try db.execute(
                        sql: "INSERT INTO outbox VALUES ('payments', ?, ?)",
                        arguments: [sequence, Data(try EventCoding.encode(waiting))])
                }
                try db.execute(
                    sql: """
                        INSERT INTO parked VALUES (1, x'01', 'inventory', 1, 's', x'00', 1, 1, 'k', 'e', 1);
                        INSERT INTO dead_letters VALUES (x'01', 'inventory', 0, 's', 't', x'00', NULL, 'k', 'e', 'e', 3, 1,
                            1, 'open', 'log', NULL);
                        INSERT INTO dead_letters VALUES (x'02', 'inventory', 0, 's', 't', x'00', NULL, 'k', 'e', 'e', 3, 0,
                            0, 'redriven', 'log', 1);
                        INSERT INTO consumer_pause VALUES (1, 1000000, 'ann', 'the gateway is repaired');
                        INSERT INTO intents VALUES ('charge:1', 'charge', 's', x'00', x'00', NULL, 'open', 1);
                        INSERT INTO intents VALUES ('charge:2', 'charge', 's', x'00', x'00', NULL, 'finished', 1);
                        """)
            }
            let outcome = try await CLI.run("status", "--all", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.isEmpty)
            let lines = outcome.output.textLines
            #expect(
                lines.contains {
                    $0.hasPrefix("inventory-service") && $0.contains("orders") && $0.contains(" 4 ")
                        && $0.contains(" 6 ")
                })

            #expect(
                lines.contains {
                    $0.hasPrefix("payment-service") && $0.contains("1 dead letter")
                        && $0.contains("by ann: the gateway is repaired")
                })

            let json = try await CLI.json("status", data: data)
            let services = try #require(json["services"] as? [[String: Any]])
            let payment = try #require(services.first { $0["name"] as? String == "payment-service" })
            #expect(payment["state"] as? String == "stopped")
            #expect(payment["pid"] is NSNull)
            #expect(payment["outboxUnpublished"] as? Int == 2)
            #expect(payment["outboxOldest"] as? String == "2026-03-01T12:00:00.009000Z")
            #expect(try #require(payment["outboxAgeSeconds"] as? Double) > 0)
            let storage = try #require(json["storage"] as? [String: Any])
            #expect(try #require(storage["freeBytes"] as? Int) > 0 && #require(storage["logBytes"] as? Int) > 0)
            #expect((storage["databases"] as? [[String: Any]])?.count == 5)
            #expect(payment["parked"] as? Int == 1)
            #expect(payment["deadLetters"] as? Int == 1)
            #expect(payment["oldestDeadLetter"] as? String == "1970-01-01T00:00:00.000001Z")
            #expect(payment["openCalls"] as? Int == 1)
            #expect((payment["paused"] as? [String: String])?["since"] == "1970-01-01T00:00:01.000000Z")
            // Known to a running service alone.
            #expect(payment["standing"] is NSNull && payment["breaker"] is NSNull)
            let inventory = try #require(services.first { $0["name"] as? String == "inventory-service" })
            let orders = try #require(
                (inventory["consumes"] as? [[String: Any]])?.first { $0["topic"] as? String == "orders" })
            #expect(orders["position"] as? Int == 4 && orders["end"] as? Int == 6 && orders["behind"] as? Int == 2)
            #expect(orders["oldest"] as? String == "2026-03-01T12:00:00.300000Z")
            let topics = try #require(json["topics"] as? [[String: Any]])
            #expect(topics.first { $0["topic"] as? String == "orders" }?["end"] as? Int == 6)
        }
    }

    @Test("a directory without a run is exit code 1 with what to do")
    func nothingThere() async throws {
        try await withTemporaryDirectory { data in
            let outcome = try await CLI.run("status", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains(data) && outcome.errors.contains("Scripts/supervisor up"))
        }
    }

    @Test("a database that is none is named; the rest is shown all the same")
    func corruptDatabase() async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.addConfirmedOrder(CLIWorld.order(1))
            try world.writeAll()
            try Data("this is no database, and long enough to be looked at twice".utf8)
                .write(to: URL(fileURLWithPath: world.database(of: .payment)))
            let outcome = try await CLI.run("status", data: data)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains(world.database(of: .payment)))
            #expect(outcome.output.contains("inventory-service"))
        }
    }

    @Test("a service whose process cannot be seen, as from another container, runs as long as it holds its lock")
    func unseen() async throws {
        try await withTemporaryDirectory { data in
            let directory = data + "/db/order"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            func state() async throws -> (state: String?, pid: Any?) {
                let json = try await CLI.json("status", data: data)
                let services = try #require(json["services"] as? [[String: Any]])
                let order = try #require(services.first { $0["name"] as? String == "order-service" })
                return (order["state"] as? String, order["pid"])
            }
            let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            try #require(flock(descriptor, LOCK_EX) == 0)
            let held = try await state()
            #expect(held.state == "running" && held.pid is NSNull)
            close(descriptor)
            #expect(try await state().state == "stopped")
        }
    }

    @Test("a pid that belongs to another program by now is not the service")
    func pidsAreUsedAgain() async throws {
        try await withTemporaryDirectory { data in
            try FileManager.default.createDirectory(atPath: data + "/run", withIntermediateDirectories: true)
            for (name, pid) in [
                ("order-service", "\(getpid())"), ("payment-service", "99999999999"),
                ("inventory-service", "\0\u{1B}[31m"),
            ] {
                try Data(pid.utf8).write(to: URL(fileURLWithPath: "\(data)/run/\(name).pid"))
            }
            let json = try await CLI.json("status", data: data)
            let services = try #require(json["services"] as? [[String: Any]])
            let states = services.reduce(into: [String: String]()) {
                $0[$1["name"] as? String ?? ""] = $1["state"] as? String
            }
            #expect(states["order-service"] == "died")
            #expect(states["payment-service"] == "stopped")
            #expect(states["analytics-service"] == "stopped")
        }
    }

    @Test("a living process is shown with its pid, memory and ports")
    func livingProcess() async throws {
        try await withTemporaryDirectory { data in
            try FileManager.default.createDirectory(atPath: data + "/run", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: data + "/order-service")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: data + "/order-service")
            process.arguments = ["60"]
            try process.run()
            defer {
                // Not SIGTERM: a test process may have it blocked, and so have its children.
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            try Data("\(process.processIdentifier)\n".utf8).write(
                to: URL(fileURLWithPath: data + "/run/order-service.pid"))
            try Data("STAMPEDE_CHECKOUT_PORT=8080\nSTAMPEDE_ORDER_ADMIN_PORT=9101\nbroken\nX=99999999\n".utf8)
                .write(to: URL(fileURLWithPath: data + "/run/environment"))
            let json = try await CLI.json("status", data: data)
            let service = try #require(
                (json["services"] as? [[String: Any]])?.first { $0["name"] as? String == "order-service" })
            #expect(service["state"] as? String == "running")
            #expect(service["pid"] as? Int == Int(process.processIdentifier))
            #expect(try #require(service["rssBytes"] as? Int) > 0)
            #expect(try #require(service["uptimeSeconds"] as? Double) < 3600)
            #expect(service["ports"] as? [String: Int] == ["checkout": 8080, "admin": 9101])
        }
    }
}

import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("stampede dlq", .timeLimit(.minutes(5)))
struct CLIDeadLetterTests {
    /// Three reservations at Payment's desk (two of one cause), bytes that are no event at Inventory's, one settled.
    private struct Desk {
        let world: CLIWorld
        let reserved: [Envelope]
        let unreadable = EventID(high: 0x0199_0000_0000_8000, low: 0x8000_0000_dead_beef)

        init(_ data: String) throws {
            world = try CLIWorld(data)
            reserved = try (1...4).map { number in
                try CLIWorld.reserved(
                    try CLIWorld.created(CLIWorld.order(UInt64(number)), at: Int64(number)), at: Int64(number) * 10)
            }
            try world.append(.inventory, reserved)
            try world.writeAll()
            try world.bury(.payment, reserved[0], .inventory, offset: 0, error: "no card 17", at: 100)
            try world.bury(.payment, reserved[1], .inventory, offset: 1, error: "no card 18", at: 300)
            try world.bury(
                .payment, reserved[2], .inventory, offset: 2, error: "\u{1B}[31mlate", signature: "late", at: 200)
            try world.bury(.payment, reserved[3], .inventory, offset: 3, state: "redriven")
            try world.bury(
                .inventory, unreadable, [0xDE, 0xAD], .orders, offset: 9, type: "", subject: "unreadable:orders:9",
                kind: "undecodable", error: "malformed event: 2 bytes", signature: "undecodable")
            try world.write(.payment) { [reserved] db in
                try db.execute(
                    sql: "INSERT INTO parked VALUES (1, x'01', 'orders', 7, ?, x'00', 0, NULL, NULL, NULL, NULL)",
                    arguments: [reserved[0].subject])
                try db.execute(
                    sql: "INSERT INTO dead_letter_actions VALUES (1, ?, 'failed', 1, 'ann', NULL, 'no card 17')",
                    arguments: [Data(reserved[0].id.bytes)])
            }
        }
    }

    private func groups(_ arguments: String..., data: String) async throws -> [[String: Any]] {
        let outcome = try await runProgram(
            CLI.executable, ["dlq", "list"] + arguments + ["--json", "--data", data])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(try CLI.object(outcome.output)["groups"] as? [[String: Any]])
    }

    @Test("list groups by cause, in 80 columns, with every service down and nothing touched")
    func list() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let before = try fingerprint(data)
            let outcome = try await CLI.run("dlq", "list", data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.isHarmless)
            #expect(try await CLI.screen("dlq", "list", data: data).replacing(data, with: "/tmp/data").widest <= 80)
            #expect(outcome.output.contains("brokenRule: no such card"))
            #expect(outcome.output.contains("…deadbeef"))

            let all = try await groups(data: data)
            try #require(all.count > 0)
            #expect(all.map { $0["count"] as? Int } == [2, 1, 1])
            #expect(all[0]["service"] as? String == "payment" && all[0]["type"] as? String == "v1.StockReserved")
            #expect(all[0]["first"] as? String == "2026-03-01T12:00:00.100000Z")
            #expect(all[0]["last"] as? String == "2026-03-01T12:00:00.300000Z")
            #expect(all[0]["sample"] as? String == "\(desk.reserved[1].id)")
            #expect(all[0]["parkedBehind"] as? Int == 1)

            let group = try #require(all[0]["group"] as? String)
            #expect(group.count == 8)
            for (arguments, counts) in [
                (["--group", group], [2]), (["--service", "inventory-service"], [1]), (["--kind", "undecodable"], [1]),
                (["--type", "StockReserved"], [2, 1]), (["--type", "unreadable"], [1]), (["--type", "v2.X"], []),
                (["--order", "\(CLIWorld.order(3))"], [1]), (["--all", "--service", "payment"], [3, 1]),
            ] {
                let found = try CLI.object(
                    try await runProgram(CLI.executable, ["dlq", "list", "--json", "--data", data] + arguments).output)
                let groups = found["groups"] as? [[String: Any]] ?? []
                #expect(groups.map { $0["count"] as? Int } == counts, "\(arguments)")
            }
            let letters = try await CLI.json("dlq", "list", "--letters", "--all", data: data)
            #expect((letters["letters"] as? [Any])?.count == 5)
            let text = try await CLI.run("dlq", "list", "--letters", data: data)
            #expect(text.output.isHarmless)
            let screen = try await CLI.screen("dlq", "list", "--letters", data: data)
            #expect(screen.replacing(data, with: "/tmp/data").widest <= 80)
            #expect(try fingerprint(data) == before)
        }
    }

    @Test("an empty desk is said on stderr and is no failure")
    func empty() async throws {
        try await withTemporaryDirectory { data in
            try CLIWorld(data).writeAll()
            let outcome = try await CLI.run("dlq", "list", data: data)
            #expect(outcome.status == 0 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("No dead letters"))
        }
    }

    @Test("show has the event, the error, what was done and what waits; bytes that are no event as a dump")
    func show() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let id = desk.reserved[0].id.description
            let outcome = try await CLI.run("dlq", "show", String(id.suffix(12)), data: data)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try await CLI.screen("dlq", "show", String(id.suffix(12)), data: data).widest <= 80)
            for text in [id, "no card 17", "\"expiresAt\"", "failed", "ann", "orders@7"] {
                #expect(outcome.output.contains(text), "\(text)")
            }
            let json = try await CLI.json("dlq", "show", id, data: data)
            let letter = try #require((json["letters"] as? [[String: Any]])?.first)
            #expect((letter["envelope"] as? [String: Any])?["type"] as? String == "v1.StockReserved")
            #expect((letter["parked"] as? [Any])?.count == 1 && (letter["actions"] as? [Any])?.count == 1)
            let bytes = try EventCoding.encode(desk.reserved[0])
            let masked = try #require((letter["event"] as? String).flatMap { Data(base64Encoded: $0) })
            #expect(masked.count == bytes.count && !String(decoding: masked, as: UTF8.self).contains("tok_visa"))
            #expect(!outcome.output.contains("tok_visa"))
            let whole = try CLI.object(
                try await CLI.run("dlq", "show", id, "--personal", "--json", data: data).output)
            let wholeLetter = try #require((whole["letters"] as? [[String: Any]])?.first)
            #expect(wholeLetter["event"] as? String == Data(bytes).base64EncodedString())
            #expect(try await CLI.run("dlq", "show", id, "--personal", data: data).output.contains("tok_visa"))

            let dump = try await CLI.run("dlq", "show", "…deadbeef", data: data)
            #expect(dump.output.contains("000000  de ad"))
            let unknown = try await CLI.run("dlq", "show", "ffffffff", data: data)
            #expect(unknown.status == 1 && unknown.errors.contains("stampede dlq list"))
            let several = try await CLI.run("dlq", "show", String(id.prefix(8)), data: data)
            #expect(several.status == 1 && several.errors.contains(desk.reserved[1].id.description))
        }
    }

    @Test("retry --plan says what would be done, in the order of the events, and asks nobody")
    func plan() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let json = try await CLI.json("dlq", "retry", "--all", "--plan", data: data)
            let ids = (json["letters"] as? [[String: Any]] ?? []).compactMap { $0["eventId"] as? String }
            let payment = desk.reserved[0...2].map(\.id).sorted().map(\.description)
            #expect(ids == [desk.unreadable.description] + payment)
            let outcome = try await CLI.run("dlq", "retry", "--service", "payment", "--plan", data: data)
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("Would retry 3 letters, with 1 event behind; nothing was done."))
            #expect(try await CLI.run("dlq", "retry", data: data).status == 2)
        }
    }

    @Test("retry says what came of each letter; a failure is exit code 1, and a service that is down is named")
    func retry() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let failing = desk.reserved[1].id.description
            let admin = try await FakeAdmin(in: data, failing: [failing])
            let ports = [
                "STAMPEDE_PAYMENT_ADMIN_PORT": "\(admin.port)",
                "STAMPEDE_INVENTORY_ADMIN_PORT": "\(try closedPort())",
            ]
            let outcome = try await CLI.run(
                "dlq", "retry", "--service", "payment", "--actor", "ann", "--rate", "20", data: data, environment: ports
            )
            #expect(outcome.status == 1, "\(outcome.errors)")
            #expect(outcome.output.contains("applied    payment       \(desk.reserved[0].id)"))
            #expect(outcome.output.contains("failed     payment       \(failing)"))
            #expect(outcome.output.contains("\n  still no such card\n"))
            #expect(outcome.output.contains("3 letters: 2 applied, 1 failed"))
            let asked = try admin.asked()
            #expect(asked.allSatisfy { $0.path == "/admin/dead-letters/retry" && $0.body["actor"] as? String == "ann" })
            #expect(asked.map { ($0.body["ids"] as? [String] ?? []).count } == [2, 1])

            let down = try await CLI.run("dlq", "retry", "--all", data: data, environment: ports)
            #expect(down.status == 1)
            #expect(down.errors.contains("inventory-service does not answer"))
            #expect(down.errors.contains("Scripts/supervisor status"))
            #expect(down.output.contains("3 letters"))
            let good = try await CLI.run("dlq", "retry", "\(desk.reserved[0].id)", data: data, environment: ports)
            #expect(good.status == 0)
        }
    }

    @Test("discard wants a reason, and --yes for more than one")
    func discard() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let admin = try await FakeAdmin(in: data)
            let ports = ["STAMPEDE_PAYMENT_ADMIN_PORT": "\(admin.port)"]
            let arguments = ["dlq", "discard", "--service", "payment", "--data", data]
            #expect(try await runProgram(CLI.executable, arguments, environment: ports).status == 2)
            let several = try await runProgram(
                CLI.executable, arguments + ["--reason", "gone"], environment: ports)
            #expect(several.status == 2 && several.errors.contains("3 letters"))
            #expect(try admin.asked().isEmpty)
            let done = try await runProgram(
                CLI.executable, arguments + ["--reason", "gone", "--yes"], environment: ports)
            #expect(done.status == 0, "\(done.errors)")
            #expect(try admin.asked().map { $0.body["reason"] as? String } == ["gone"])
            let one = try await runProgram(
                CLI.executable, ["dlq", "discard", "\(desk.reserved[2].id)", "--reason", "gone", "--data", data],
                environment: ports)
            #expect(one.status == 0)
        }
    }

    @Test("edit opens the editor with type, subject and data, and sends only what was changed")
    func edit() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let admin = try await FakeAdmin(in: data)
            let id = desk.reserved[0].id.description
            func edit(_ editor: String, _ more: String...) async throws -> Outcome {
                try await runProgram(
                    CLI.executable, ["dlq", "edit", id, "--reason", "typo", "--data", data] + more,
                    environment: [
                        "STAMPEDE_PAYMENT_ADMIN_PORT": "\(admin.port)", "VISUAL": editor, "TMPDIR": data,
                    ])
            }
            let unchanged = try await edit("true")
            #expect(unchanged.status == 0 && unchanged.errors.contains("nothing was done"))
            let broken = try await edit("sed -i 's/:/;/'")
            #expect(broken.status == 1 && broken.errors.contains("stampede-edit-"))
            let subject = try await edit("sed -i 's/\"subject\" : \"0/\"subject\" : \"1/'")
            #expect(subject.status == 1 && subject.errors.contains("subject"))
            #expect(try admin.asked().isEmpty)

            let edited = try await edit("sed -i s/tok_visa/tok_master/")
            #expect(edited.status == 0, "\(edited.errors)")
            let body = try #require(try admin.asked().last?.body)
            #expect(body["id"] as? String == id && body["type"] as? String == "v1.StockReserved")
            #expect((body["data"] as? [String: Any])?["cardToken"] as? String == "tok_master")
            #expect(body["subject"] == nil && body["reason"] as? String == "typo")

            let file = data + "/document.json"
            try Data(#"{"type":"v1.StockReserved","subject":"\#(desk.reserved[0].subject)","data":{}}"#.utf8)
                .write(to: URL(fileURLWithPath: file))
            #expect(try await edit("false", "--file", file).status == 0)
            #expect((try admin.asked().last?.body["data"] as? [String: Any])?.isEmpty == true)
        }
    }

    @Test("what export writes, import sends back, open letters only")
    func exportAndImport() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let exported = try await CLI.run("dlq", "export", "--all", "--service", "payment", data: data)
            #expect(exported.status == 0)
            let lines = try exported.output.textLines.map { try CLI.object($0) }
            #expect(lines.count == 4)
            let bytes = try EventCoding.encode(desk.reserved[0])
            #expect(lines.contains { $0["event"] as? String == Data(bytes).base64EncodedString() })

            let admin = try await FakeAdmin(in: data)
            let ports = ["STAMPEDE_PAYMENT_ADMIN_PORT": "\(admin.port)"]
            let file = data + "/letters.jsonl"
            try Data(exported.output.utf8).write(to: URL(fileURLWithPath: file))
            let outcome = try await CLI.run("dlq", "import", file, "--force", data: data, environment: ports)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("3 letters: 3 imported"))
            #expect(outcome.errors.contains("1 settled letter left out"))
            let asked = try #require(try admin.asked().first)
            #expect(asked.path == "/admin/dead-letters/import" && asked.body["force"] as? Bool == true)
            let letters = asked.body["letters"] as? [[String: Any]] ?? []
            try #require(letters.count > 0)
            #expect(letters.count == 3 && letters[0]["firstFailedAt"] is String && letters[0]["attempts"] as? Int == 3)

            try Data("{}\n".utf8).write(to: URL(fileURLWithPath: file))
            let wrong = try await CLI.run("dlq", "import", file, data: data, environment: ports)
            #expect(wrong.status == 1 && wrong.errors.contains("line 1 of \(file)"))
        }
    }

    @Test("inject sends events as tail prints them, byte for byte, and bytes that are none; pause and resume ask")
    func injectAndPause() async throws {
        try await withTemporaryDirectory { data in
            let desk = try Desk(data)
            let admin = try await FakeAdmin(in: data)
            let ports = ["STAMPEDE_INVENTORY_ADMIN_PORT": "\(admin.port)"]
            let tail = try await CLI.run("tail", "--topic", "inventory", "--json", "--personal", data: data)
            let file = data + "/events.jsonl"
            try Data((tail.output + "{\"base64\":\"AAE=\"}\n").utf8).write(to: URL(fileURLWithPath: file))
            let outcome = try await CLI.run(
                "inject", "--service", "inventory", file, data: data, environment: ports)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output == "5 events for inventory@0 to inventory@4\n")
            let events = try #require(try admin.asked().first?.body["events"] as? [String])
            let wanted = try desk.reserved.map { Data(try EventCoding.encode($0)).base64EncodedString() } + ["AAE="]
            #expect(Set(events) == Set(wanted) && events.last == "AAE=")

            let paused = try await CLI.run(
                "pause", "inventory-service", "--reason", "repair", data: data, environment: ports)
            #expect(paused.output == "The consumer of inventory-service is paused.\n")
            #expect(try await CLI.run("resume", "inventory", data: data, environment: ports).status == 0)
            #expect(try admin.asked().map(\.path) == ["/admin/inject", "/admin/pause", "/admin/resume"])
            #expect(try await CLI.run("pause", "nobody", data: data).status == 2)
        }
    }

    @Test("another run's service does not take the token")
    func wrongToken() async throws {
        try await withTemporaryDirectory { data in
            _ = try Desk(data)
            let admin = try await FakeAdmin(in: data)
            try FakeAdmin.write(token: String(repeating: "ee", count: 32), in: data)
            let outcome = try await CLI.run(
                "dlq", "retry", "--service", "payment", data: data,
                environment: ["STAMPEDE_PAYMENT_ADMIN_PORT": "\(admin.port)"])
            #expect(outcome.status == 1 && outcome.errors.contains("operator.token"))
        }
    }

    private func closedPort() throws -> Int {
        let base = try FreePorts.base()
        FreePorts.giveBack(base)
        return base
    }
}

import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

/// What a terminal shows of each table: what fits it, and no key cut; in a pipe every line is whole.
@Suite("stampede on a terminal and in a pipe", .timeLimit(.minutes(5)))
struct CLITerminalTests {
    private static let order = CLIWorld.order(1)
    private static let reason =
        "no such card; " + String(repeating: "the acquirer says so again, ", count: 6) + "at last"

    private static func world(_ data: String) throws -> CLIWorld {
        let world = try CLIWorld(data)
        try world.addConfirmedOrder(order)
        try world.addConfirmedOrder(CLIWorld.order(2), at: 100)
        try world.writeAll()
        let letter = try CLIWorld.reserved(try CLIWorld.created(CLIWorld.order(3), at: 1), at: 2)
        try world.write(.notification) { db in
            try db.execute(
                sql: """
                    INSERT INTO dead_letters VALUES (?, 'orders', 1, ?, 'v1.OrderCancellationRequested', ?, NULL,
                        'brokenRule', ?, ?, 3, 1, 1, 'open', 'log', NULL)
                    """,
                arguments: [
                    Data(letter.id.bytes), "\(CLIWorld.order(3))", Data(try EventCoding.encode(letter)), reason, reason,
                ])
        }
        return world
    }

    private static let commands = [
        ["status"], ["status", "--all"], ["lag", "--interval", "0.1"], ["tail"], ["orders"], ["log", "stats"],
        ["log", "verify"], ["log", "archive", "--plan"], ["dlq", "list", "--letters"], ["order", "\(order)"],
    ]

    @Test("no line is wider than the terminal, at 80 and at 120 columns", arguments: [80, 120])
    func fits(columns: Int) async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            for command in Self.commands {
                let screen = try await CLI.screen(command, columns: columns, data: data)
                #expect(!screen.isEmpty)
                // What is to be copied is never cut.
                for line in screen.textLines where !line.contains(" --data ") {
                    #expect(line.count <= columns, "\(command): \(line)")
                }
            }
        }
    }

    @Test("topics, types and ids are whole at 80 columns")
    func keys() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            for command in [["log", "stats"], ["log", "verify"], ["status", "--all"], ["lag", "--interval", "0.1"]] {
                let screen = try await CLI.screen(command, data: data)
                for topic in ["orders", "inventory", "payments", "notifications"] {
                    #expect(screen.contains(topic + " "), "\(command): \(topic)")
                }
                #expect(!screen.contains("…"), "\(command): \(screen)")
            }
            let letters = try await CLI.screen("dlq", "list", "--letters", data: data)
            #expect(letters.contains("orders@1 v1.OrderCancellationRequested"))
            #expect(try await CLI.screen("dlq", "list", data: data).contains("v1.OrderCancellationRequested"))
            #expect(try await CLI.screen("order", "\(Self.order)", data: data).contains("Order \(Self.order)"))
        }
    }

    @Test("in a pipe a sentence is whole that a terminal cuts")
    func whole() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            #expect(try await CLI.run("dlq", "list", data: data).output.contains(Self.reason))
            let screen = try await CLI.screen("dlq", "list", data: data)
            #expect(!screen.contains(Self.reason) && screen.contains("brokenRule: no such card"))
            let status = try await CLI.run("status", data: data).output
            #expect(status.contains("\nType: stampede dlq list --data \(data)\n"))
            #expect(!status.contains("…"))
        }
    }

    @Test("status is one screen of 80 × 24, what is wrong first, with --watch and without")
    func status() async throws {
        try await withTemporaryDirectory { data in
            let world = try Self.world(data)
            try world.write(.payment) { db in
                try db.execute(sql: "INSERT INTO consumer_pause VALUES (1, 1000000, 'ann', 'the gateway is repaired')")
            }
            try FileManager.default.createDirectory(atPath: data + "/run", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: data + "/supervisor")
            let supervisor = Process()
            supervisor.executableURL = URL(fileURLWithPath: data + "/supervisor")
            supervisor.arguments = ["60"]
            try supervisor.run()
            defer {
                // Not SIGTERM: a test process may have it blocked, and so have its children.
                kill(supervisor.processIdentifier, SIGKILL)
                supervisor.waitUntilExit()
            }
            try Data("\(supervisor.processIdentifier)\n".utf8).write(
                to: URL(fileURLWithPath: data + "/run/supervisor.pid"))
            try Data("payment-service - backoff 3\norder-service - failed 7\n".utf8)
                .write(to: URL(fileURLWithPath: data + "/run/supervisor.state"))
            for command in [["status"], ["status", "--watch"]] {
                let lines = try await CLI.screen(command, data: data).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= 24, "\(command): \(lines.count) lines\n\(lines.joined(separator: "\n"))")
                let first = try #require(lines.first)
                #expect(first.hasPrefix("ATTENTION"))
                let attention = lines.prefix { !$0.isEmpty }.joined(separator: "\n")
                for words in ["failed", "backoff", "1 dead letter", "stampede dlq list", "restarted 7 times"] {
                    #expect(attention.contains(words), "\(words) in \(attention)")
                }
                let order = try #require(lines.first { $0.hasPrefix("order-service") })
                #expect(order.contains("failed; restarted 7 times"))
            }
        }
    }

    @Test("a screen that is too small for a watch says how many lines there is no room for")
    func small() async throws {
        try await withTemporaryDirectory { data in
            _ = try Self.world(data)
            let lines = try await CLI.screen("status", "--all", "--watch", rows: 12, data: data).textLines
            #expect(lines.count <= 11)
            #expect(try #require(lines.first).hasPrefix("ATTENTION"))
            #expect(try #require(lines.last).hasPrefix("… ") && lines.last?.contains("more lines") == true)
        }
    }
}

import Contracts
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("stampede orders", .timeLimit(.minutes(5)))
struct CLIOrdersTests {
    /// Five orders: confirmed, sold out, declined, held at Payment's desk, and on its way.
    private func withOrders(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { data in
            let world = try CLIWorld(data)
            try world.write(.order) { db in
                for (number, status, reason) in [
                    (1, "confirmed", nil), (2, "cancelled", "soldOut"), (3, "cancelled", "paymentDeclined"),
                    (4, "pending", nil), (5, "pending", nil),
                ] as [(UInt64, String, String?)] {
                    try db.execute(
                        sql:
                            "INSERT INTO orders VALUES (?, ?, 'a@example.test', '[]', 1, 'GBP', ?, '00', ?, ?, ?, ?, NULL)",
                        arguments: [
                            Data(CLIWorld.order(number).bytes), "c-\(number % 2)", "k-\(number)", status, reason, 1, 2,
                        ])
                }
            }
            try world.write(.payment) { db in
                try db.execute(
                    sql:
                        "INSERT INTO payments VALUES (?, 'failed', NULL, NULL, NULL, 'declined', 'stolen_card', NULL, 1, NULL)",
                    arguments: [Data(CLIWorld.order(3).bytes)])
            }
            try world.write(.analytics) { db in
                for (number, time) in [(4, 20), (5, 10)] as [(UInt64, Int)] {
                    try db.execute(
                        sql: "INSERT INTO order_facts (order_id, created_at) VALUES (?, ?)",
                        arguments: [Data(CLIWorld.order(number).bytes), time])
                }
            }
            let reserved = try CLIWorld.reserved(try CLIWorld.created(CLIWorld.order(4), at: 0), at: 1)
            try world.bury(.payment, reserved, .inventory, offset: 0)
            try await body(data)
        }
    }

    private func orders(_ arguments: String..., data: String) async throws -> [[String: Any]] {
        let outcome = try await runProgram(CLI.executable, arguments + ["--json", "--data", data])
        return try #require(try CLI.object(outcome.output)["orders"] as? [[String: Any]])
    }

    private func numbers(_ orders: [[String: Any]]) -> [UInt64] {
        orders.compactMap { ($0["orderId"] as? String).flatMap { OrderID($0) } }.map { order in
            (1...5).first { CLIWorld.order($0) == order } ?? 0
        }
    }

    @Test("those that failed, each with its reason, and how many there are of each")
    func failed() async throws {
        try await withOrders { data in
            let failed = try await orders("orders", "--failed", data: data)
            #expect(numbers(failed) == [4, 3, 2])
            #expect(failed.map { $0["status"] as? String } == ["pending", "cancelled", "cancelled"])
            #expect(
                failed.map { $0["why"] as? String } == [
                    "dead letter at payment: no such card", "paymentDeclined: stolen_card", "soldOut",
                ])
            let text = try await CLI.run("orders", "--failed", data: data)
            #expect(text.status == 0)
            #expect(try await CLI.screen("orders", "--failed", data: data).widest <= 80 + data.count)
            #expect(text.output.contains("held at payment's desk       1"))
            #expect(text.output.contains("stampede dlq list --data "))
            #expect(numbers(try await orders("orders", "--reason", "soldOut", data: data)) == [2])
            #expect(numbers(try await orders("orders", "--failed", "-n", "1", data: data)) == [4])
        }
    }

    @Test("all, newest first; those on their way, oldest first; those of a customer")
    func lists() async throws {
        try await withOrders { data in
            #expect(numbers(try await orders("orders", data: data)) == [5, 4, 3, 2, 1])
            #expect(numbers(try await orders("orders", "--pending", data: data)) == [5, 4])
            #expect(numbers(try await orders("order", "c-1", data: data)) == [5, 3, 1])
            let nothing = try await CLI.run("orders", "--reason", "refunded", data: data)
            #expect(nothing.status == 0 && nothing.output == "No order was cancelled for refunded.\n")
        }
    }

    @Test("a reason that there is not, a group that there is not, and a directory that is no run are told")
    func mistakes() async throws {
        try await withOrders { data in
            let reason = try await CLI.run("orders", "--reason", "x' OR '1'='1", data: data)
            #expect(reason.status == 2 && reason.errors.contains("paymentDeclined, paymentExpired"))
            let group = try await CLI.run("dlq", "list", "--group", "zzz", data: data)
            #expect(group.status == 1 && group.errors.contains("there is no group 'zzz'"))
            for command in [["orders"], ["orders", "--failed"], ["dlq", "list"]] {
                let elsewhere = try await runProgram(CLI.executable, command + ["--data", data + "/log"])
                #expect(elsewhere.status == 1 && elsewhere.errors.contains("holds no run"), "\(command)")
            }
        }
    }
}

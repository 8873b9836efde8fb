import Foundation
import Testing
import TestSupport

/// A shop that runs, and is stopped up here and there: each time, `stampede order` says where the order is held up.
@Suite("stampede order names the true cause", .serialized, .timeLimit(.minutes(5)))
struct CLICausesTests {
    private struct Shop {
        let run: SupervisedRun
        var data: String { run.data }

        func place(_ key: String) async throws -> String {
            let answer = try await run.order(key)
            return try #require(answer?.member("orderId"), "\(answer as Any)")
        }

        func story(_ name: String) async throws -> [String: Any] { try await CLI.json("order", name, data: data) }

        /// Why the order waits, of its first wait.
        func wait(_ order: String) async throws -> (cause: String, service: String, commands: [String], why: String) {
            let waits = try await story(order)["waitsFor"] as? [[String: Any]] ?? []
            return (
                waits.first?["cause"] as? String ?? "none", waits.first?["service"] as? String ?? "none",
                waits.first?["commands"] as? [String] ?? [], waits.first?["why"] as? String ?? ""
            )
        }

        /// Waits until the order waits for that cause, or for none.
        func waits(_ order: String, for cause: String, at service: String = "none") async throws {
            var last = try await wait(order)
            do {
                try await waitUntil("\(order) waits for \(cause)") {
                    last = try await wait(order)
                    return last.cause == cause && (cause == "none" || last.service == service)
                }
            } catch let error as TookTooLong {
                throw TookTooLong(description: "\(error); it says \(last)")
            }
        }

        func supervisor(_ verb: String, _ service: String) async throws {
            let outcome = try await run.supervisor(verb, service)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    private func withShop(_ body: (Shop, _ paymentFaults: String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            let (order, payment) = (directory + "/order.json", directory + "/payment.json")
            for file in [order, payment] { try Data("{}".utf8).write(to: URL(fileURLWithPath: file)) }
            try await run.whileUp("--test-faults", "order=\(order)", "--test-faults", "payment=\(payment)") {
                try await run.stock()
                try await body(Shop(run: run), payment)
            }
        }
    }

    @Test("a service that is down, a consumer that is paused, a gateway that is down, a dead letter, a duplicate")
    func causes() async throws {
        try await withShop { shop, paymentFaults in
            let first = try await shop.place("k-1")
            try await shop.waits(first, for: "none")
            try await names(of: first, key: "k-1", shop)
            try await delivered(again: first, shop)

            try await shop.supervisor("stop", "inventory")
            let second = try await shop.place("k-2")
            try await shop.waits(second, for: "down", at: "inventory")
            #expect(try await shop.wait(second).commands.first?.hasPrefix("Scripts/supervisor start inventory") == true)
            try await shop.supervisor("start", "inventory")
            try await shop.waits(second, for: "none")
            let customer = try await CLI.json("order", "c-1", data: shop.data)
            #expect(
                (customer["orders"] as? [[String: Any]])?.compactMap { $0["orderId"] as? String } == [second, first])

            #expect(try await CLI.run("pause", "payment", "--reason", "repair", data: shop.data).status == 0)
            let third = try await shop.place("k-3")
            try await shop.waits(third, for: "paused", at: "payment")
            #expect(try await CLI.run("resume", "payment", data: shop.data).status == 0)
            try await shop.waits(third, for: "none")

            // It lives, holds its lock, and does nothing.
            let payment = try shop.run.pid("payment-service")
            kill(payment, SIGSTOP)
            defer { kill(payment, SIGCONT) }
            let hung = try await shop.place("k-hung")
            try await shop.waits(hung, for: "silent", at: "payment")
            for command in [["status"], ["lag"], ["order", hung]] {
                let told = try await runProgram(CLI.executable, command + ["--data", shop.data])
                #expect(told.output.contains("kill -CONT \(payment)"), "stampede \(command)")
            }
            kill(payment, SIGCONT)
            try await shop.waits(hung, for: "none")

            try await shop.supervisor("stop", "gateway")
            let fourth = try await shop.place("k-4")
            try await shop.waits(fourth, for: "breakerOpen", at: "payment")
            let status = try await CLI.run("status", data: shop.data)
            #expect(status.output.contains("the payment gateway"))
            try await shop.supervisor("start", "gateway")
            try await shop.waits(fourth, for: "none")

            try await shop.supervisor("stop", "payment")
            let fifth = try await shop.place("k-5")
            let rule = #"{"rules":[{"type":"v1.StockReserved","subject":"\#(fifth)","effect":"throws"}]}"#
            try Data(rule.utf8).write(to: URL(fileURLWithPath: paymentFaults))
            try await shop.supervisor("start", "payment")
            try await shop.waits(fifth, for: "dead", at: "payment")

            #expect(try await CLI.run("pause", "payment", data: shop.data).status == 0)
            let sixth = try await shop.place("k-6")
            let gone = #"{"rules":[{"type":"v1.StockReserved","subject":"\#(sixth)","effect":"unavailable"}]}"#
            try Data(gone.utf8).write(to: URL(fileURLWithPath: paymentFaults))
            kill(try shop.run.pid("payment-service"), SIGKILL)
            try await waitUntil("payment is asked to go on") {
                try await CLI.run("resume", "payment", data: shop.data).status == 0
            }
            try await shop.waits(sixth, for: "standing", at: "payment")
            #expect(try await shop.wait(sixth).why.contains("payment-service runs, but its "))
            try Data(rule.utf8).write(to: URL(fileURLWithPath: paymentFaults))
            kill(try shop.run.pid("payment-service"), SIGKILL)
            try await shop.waits(sixth, for: "none")
            let failed = try await CLI.json("orders", "--failed", data: shop.data)
            let lines = try #require(failed["orders"] as? [[String: Any]])
            #expect(lines.map { $0["orderId"] as? String } == [fifth])
            #expect(lines.first?["heldBy"] as? String == "payment" && lines.first?["status"] as? String == "pending")
        }
    }

    /// Everything that an operator may have at hand leads to the order.
    private func names(of order: String, key: String, _ shop: Shop) async throws {
        let story = try await shop.story(order)
        #expect(story["status"] as? String == "confirmed")
        let events = try #require(story["events"] as? [[String: Any]])
        let message = try #require((story["messages"] as? [[String: Any]])?.first?["messageId"] as? String)
        for name in events.compactMap({ $0["id"] as? String }) + [key, "c-1", message, String(order.suffix(8))] {
            #expect(try await shop.story(name)["orderId"] as? String == order, "\(name)")
        }
        #expect(events.allSatisfy { ($0["workedMilliseconds"] as? Double ?? -1) >= 0 })
        #expect(events.allSatisfy { ($0["appendedAt"] as? String) != nil })
    }

    /// The same event once more is seen in the log, and changes nothing.
    private func delivered(again order: String, _ shop: Shop) async throws {
        let tail = try await CLI.run(
            "tail", "--json", "--personal", "--order", order, "--type", "OrderCreated", data: shop.data)
        let file = shop.data + "/again"
        try Data(tail.output.utf8).write(to: URL(fileURLWithPath: file))
        #expect(try await CLI.run("inject", file, "--service", "order", data: shop.data).status == 0)
        try await waitUntil("the second delivery is told") {
            let events = try await shop.story(order)["events"] as? [[String: Any]] ?? []
            return events.contains { $0["repeats"] as? Int == 1 }
        }
        #expect(try await shop.wait(order).cause == "none")
    }
}

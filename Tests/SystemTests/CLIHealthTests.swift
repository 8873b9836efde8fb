import Foundation
import Testing
import TestSupport

/// What a container's health check and a script that waits are told.
@Suite("stampede health", .serialized, .timeLimit(.minutes(5)))
struct CLIHealthTests {
    private static func ports(_ run: SupervisedRun) -> [String: String] {
        [
            "STAMPEDE_CHECKOUT_PORT": "\(run.portBase)", "STAMPEDE_ORDER_ADMIN_PORT": "\(run.portBase + 1)",
            "STAMPEDE_INVENTORY_ADMIN_PORT": "\(run.portBase + 2)",
        ]
    }

    @Test("a sale that waits for its services sells; health knows who is ready, who is held down, and who lives here")
    func waitingAndAsking() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            let early = try await CLI.run(
                "health", "order", "--wait", "0.2", data: run.data, environment: Self.ports(run))
            #expect(early.status == 1)
            #expect(early.output.contains("order-service: not up: nobody listens at 127.0.0.1:\(run.portBase + 1)"))

            // Begun before anything else is.
            let sale = Task {
                try await runProgram(
                    Project.binaries + "/flash-sale",
                    ["run", "--data", run.data, "--shoppers", "20", "--arrival", "1s", "--wait-for-services", "90s"],
                    environment: Self.ports(run))
            }
            defer { sale.cancel() }
            try await run.whileUp {
                let outcome = try await sale.value
                #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")

                let all = try await CLI.run("health", data: run.data)
                #expect(all.status == 0, "\(all.errors)")
                #expect(all.output.textLines.sorted() == SupervisedRun.services.sorted().map { "\($0): ready" })

                _ = try await run.supervisor("stop", "notification")
                let down = try await CLI.json("health", "notification", "payment", data: run.data)
                let answers = try #require(down["services"] as? [[String: Any]])
                try #require(answers.count > 0)
                #expect(answers.map { $0["name"] as? String } == ["notification-service", "payment-service"])
                #expect(answers.map { $0["ready"] as? Bool } == [false, true])
                #expect((answers[0]["why"] as? String)?.contains("\(run.portBase + 4)") == true)
                #expect(try await CLI.run("health", "notification", data: run.data).status == 1)

                // In a container each is called by its name; no such names are known here.
                let named = try await CLI.run(
                    "health", "order", data: run.data, environment: ["STAMPEDE_SERVICE_HOST": "{service}.invalid"])
                #expect(named.status == 1 && named.output.contains("order-service.invalid:"))
                let local = try await CLI.run(
                    "health", "order", data: run.data, environment: ["STAMPEDE_SERVICE_HOST": "localhost"])
                #expect(local.status == 0, "\(local.output)\(local.errors)")
            }
        }
    }

    @Test("what cannot be a host is refused by name, and with no database here it is said whom to name")
    func refused() async throws {
        try await withTemporaryDirectory { data in
            for text in ["a b", "{order}", "http://order", "order/"] {
                let outcome = try await CLI.run(
                    "health", "order", data: data, environment: ["STAMPEDE_SERVICE_HOST": text])
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("STAMPEDE_SERVICE_HOST is '\(text)'"), "\(outcome.errors)")
            }
            let nobody = try await CLI.run("health", data: data)
            #expect(nobody.status == 1 && nobody.errors.contains("stampede health order"), "\(nobody.errors)")
            #expect(try await CLI.run("health", "orders", data: data).status == 2)
        }
    }
}

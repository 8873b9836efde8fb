import Foundation
import Testing

/// Services that fail on purpose, under the supervisor.
@Suite("Test faults", .serialized, .timeLimit(.minutes(3)))
struct TestFaultsTests {
    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("a handler that traps: the event is marked, the service is restarted at once, without growing pauses")
    func traps() async throws {
        try await withTemporaryDirectory { directory in
            let faults = directory + "/faults.json"
            try write(#"{"rules":[{"type":"v1.OrderCreated","effect":"traps"}]}"#, to: faults)
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp("--test-faults", "inventory=\(faults)") {
                #expect(run.log("inventory-service").contains("test faults are on"))
                #expect(!run.log("order-service").contains("test faults are on"))
                try await run.stock()
                #expect(try await run.order("first")?.status == 202)
                try await waitUntil("it has died twice", within: .seconds(60)) {
                    try run.states().first { $0.name == "inventory-service" }?.restarts ?? 0 >= 2
                }
                let marked = "while handling orders offset 0; marked, the process ends with exit code 76"
                #expect(run.log("inventory-service").contains(marked), "\(run.log("inventory-service"))")
                let said = run.log("supervisor")
                #expect(said.contains("inventory-service died of an event that its handler traps on"), "\(said)")
                #expect(!said.contains("attempt 1 to restart it"), "\(said)")

                // The cause is taken away by editing the file.
                try write("{}", to: faults)
                #expect(try await run.supervisor("restart", "inventory").status == 0)
                #expect(run.log("inventory-service").contains("test faults are on"))
            }
        }
    }

    @Test("a file that cannot be is refused at the start, with file and field")
    func refused() async throws {
        try await withTemporaryDirectory { directory in
            let faults = directory + "/faults.json"
            try write(#"{"rules":[{"type":"v1.StockReserved","effect":"throws"}]}"#, to: faults)
            let run = try SupervisedRun(data: directory + "/data")
            let up = try await run.supervisor("up", "--test-faults", "inventory=\(faults)")
            #expect(up.status == 1)
            #expect(up.errors.contains("inventory-service cannot start"))
            #expect(up.errors.contains("\(faults): rules[0]: type is 'v1.StockReserved'"), "\(up.errors)")
            #expect(run.processes.isEmpty)
        }
    }
}

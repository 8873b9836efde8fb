import Foundation
import Testing
import TestSupport

/// Services that fail on purpose, under the supervisor.
@Suite("Test faults", .serialized, .timeLimit(.minutes(5)))
struct TestFaultsTests {
    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static let marked = "while handling orders offset 0; marked, the program starts again"

    private func deaths(in run: SupervisedRun) -> Int {
        run.log("inventory-service").components(separatedBy: Self.marked).count - 1
    }

    @Test("a handler that traps: the event is marked, and the program starts again in its process, until it is buried")
    func traps() async throws {
        try await withTemporaryDirectory { directory in
            let faults = directory + "/faults.json"
            try write(#"{"rules":[{"type":"v1.OrderCreated","effect":"traps"}]}"#, to: faults)
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp("--test-faults", "inventory=\(faults)") {
                #expect(run.log("inventory-service").contains("test faults are on"))
                #expect(!run.log("order-service").contains("test faults are on"))
                let pid = try run.pid("inventory-service")
                try await run.stock()
                #expect(try await run.order("first")?.status == 202)
                try await waitUntil("it has died three times") { deaths(in: run) >= 3 }
                try await waitUntil("the event is dead") {
                    run.log("inventory-service").contains("an event is dead")
                }
                #expect(try run.pid("inventory-service") == pid, "the same process, for its supervisor")
                #expect(try run.states().first { $0.name == "inventory-service" }?.restarts == 0)
                try await waitUntil("it serves again") {
                    await HTTP.send("GET", port: run.portBase + 2, "/health/ready")?.status == 200
                }

                // The cause is taken away by editing the file. The new program hears the signal to stop.
                try write("{}", to: faults)
                #expect(try await run.supervisor("restart", "inventory").status == 0)
                #expect(!run.log("supervisor").contains("did not stop within"), "\(run.log("supervisor"))")
                #expect(try run.pid("inventory-service") != pid)
                #expect(deaths(in: run) == 3)
            }
        }
    }

    @Test("a program that started again still dies with its supervisor")
    func supervisorDies() async throws {
        try await withTemporaryDirectory { directory in
            let faults = directory + "/faults.json"
            try write(#"{"rules":[{"type":"v1.OrderCreated","effect":"traps"}]}"#, to: faults)
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp("--test-faults", "inventory=\(faults)") {
                try await run.stock()
                #expect(try await run.order("first")?.status == 202)
                try await waitUntil("it has died") { deaths(in: run) >= 1 }
                kill(try run.pid("supervisor"), SIGKILL)
                try await waitUntil("the services die with it") { run.processes.isEmpty }
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

import Foundation
import Testing
import TestSupport

/// Two order-services on one data directory, on purpose.
@Suite("A topic has one writer", .tags(.chaos), .serialized, .timeLimit(.minutes(5)))
struct FencingTests {
    /// Refused: a restart changes nothing.
    private static let refused: Int32 = 78

    /// A second order-service, which must not come up.
    private func second(on data: String, of run: SupervisedRun) async throws -> Outcome {
        let base = try FreePorts.base()
        defer { FreePorts.giveBack(base) }
        return try await runProgram(
            run.binaries + "/order-service", ["--data", data], environment: ServiceBesides.ports(base))
    }

    /// Another data directory with the same log.
    private func sharingTheLog(_ run: SupervisedRun, in directory: String) throws -> String {
        let other = directory + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: other + "/log", withDestinationPath: run.data + "/log")
        return other
    }

    private func expect(_ errors: String, _ text: String, names pid: Int32) {
        #expect(errors.contains(text), "\(errors)")
        #expect(errors.contains("process \(pid)"), "\(errors)")
    }

    @Test(
        "a second order-service is refused with the pid of the first, whether that one works or stands still",
        arguments: [false, true])
    func secondWriter(isStalled: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp(environment: FaultyRun.environment) {
                let load = try Load(run)
                try await load.seed()
                try await load.place(0..<4)
                let first = try run.pid("order-service")
                if isStalled {
                    kill(first, SIGSTOP)
                    try await waitUntil("the first stands still") { ProcessTable.isStopped(first) }
                }
                // The lock on its database; then, with a database of its own, the one on the topic.
                let byService = try await second(on: run.data, of: run)
                #expect(byService.status == Self.refused)
                expect(byService.errors, "runs already on \(run.data)/db/order", names: first)
                let byTopic = try await second(on: try sharingTheLog(run, in: directory), of: run)
                #expect(byTopic.status == Self.refused)
                expect(byTopic.errors, "topic orders has a writer already", names: first)

                if isStalled { kill(first, SIGCONT) }
                try await load.place(4..<8)
                try await load.waitUntilSettled()
                #expect(try run.pid("order-service") == first)
                let audit = try await run.auditWhenQuiet()
                #expect(audit.status == 0, "\(audit.output)")
            }
        }
    }

    @Test(
        "where the file system forgets locks, a writer that was replaced while it stood still cannot write when it wakes, and ends",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"))
    func fenced() async throws {
        try await withTemporaryDirectory { directory in
            let library = try await FaultLibrary(in: directory)
            let data = directory + "/data"
            let forgetful = FaultLibrary.places(of: data).merging(["STAMPEDE_FAULT_FORGET": "locks"]) { $1 }
            let run = try SupervisedRun(
                data: data, binaries: try library.programs(in: directory, broken: ["order-service": forgetful]))
            try await run.whileUp(environment: FaultyRun.environment) {
                let load = try Load(run)
                try await load.seed()
                try await load.place(0..<4)
                try await load.waitUntilSettled()
                let first = try run.pid("order-service")
                kill(first, SIGSTOP)
                try await waitUntil("the first stands still") { ProcessTable.isStopped(first) }

                let second = try ServiceBesides("order-service", data: data, binaries: run.binaries, in: directory)
                try await second.waitUntilReady()
                let others = try Load(run, checkoutPort: second.portBase)
                try await others.place(4..<8)
                try await others.waitUntilSettled()

                kill(first, SIGCONT)
                _ = await HTTP.send("POST", port: run.portBase, "/v1/orders", key: "order-8", body: Load.body(of: 8))
                try await waitUntil("the first has ended") { ProcessTable.isGone(first) }
                #expect(run.log("order-service").contains("was replaced by epoch"), "\(run.log("order-service"))")
                try await waitUntil("the supervisor tells its exit code") {
                    run.log("supervisor").contains("order-service died: exit code 75")
                }

                // The supervisor starts the first again, and now the second is the one that was replaced.
                try await run.waitUntilAllRun()
                _ = await HTTP.send("POST", port: second.portBase, "/v1/orders", key: "order-9", body: Load.body(of: 9))
                try await waitUntil("the second has ended, too") { second.status != nil }
                #expect(second.status == 75)
                #expect(second.errors.contains("was replaced by epoch"), "\(second.errors)")

                try await load.place(8..<12)
                try await load.waitUntilSettled()
                let audit = try await run.auditWhenQuiet()
                #expect(audit.status == 0, "\(audit.output)")
                let verified = try await CLI.run("log", "verify", data: data)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
    }

    @Test(
        "a writer that was replaced in the middle of an append destroys nothing when it wakes",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"), arguments: ["before", "half"])
    func replacedInMidAppend(how: String) async throws {
        try await withTemporaryDirectory { directory in
            let library = try await FaultLibrary(in: directory)
            let data = directory + "/data"
            let page = try FaultPage(in: directory)
            let stalling = FaultLibrary.places(of: data, only: .log).merging(page.environment) { $1 }.merging([
                "STAMPEDE_FAULT_FORGET": "locks", "STAMPEDE_FAULT_CALL": "write", "STAMPEDE_FAULT_AT": "1",
                "STAMPEDE_FAULT_EFFECT": "STOP", "STAMPEDE_FAULT_HOW": how,
            ]) { $1 }
            let run = try SupervisedRun(
                data: data, binaries: try library.programs(in: directory, broken: ["order-service": stalling]))
            let roomy = ["STAMPEDE_LOG_SEGMENT_BYTES": "65536"]  // no segment ends in this test
            try await run.whileUp(environment: roomy) {
                let load = try Load(run)
                try await load.seed()
                try await load.place(0..<4)
                try await load.waitUntilSettled()
                let first = try run.pid("order-service")
                try page.arm()
                async let inFlight: Void = load.place(4..<5)
                try await waitUntil("the first stands still") { ProcessTable.isStopped(first) }

                let second = try ServiceBesides(
                    "order-service", data: data, binaries: run.binaries, environment: roomy, in: directory)
                try await second.waitUntilReady()
                let others = try Load(run, checkoutPort: second.portBase)
                try await others.place(5..<8)
                try await others.waitUntilSettled()
                kill(first, SIGCONT)
                try await inFlight
                _ = await HTTP.send("POST", port: run.portBase, "/v1/orders", key: "order-8", body: Load.body(of: 8))
                try await waitUntil("the first has ended") { ProcessTable.isGone(first) }
                let verified = try await CLI.run("log", "verify", data: data)
                // It asked for the epoch before it stood still, and its descriptor is of the file that the second writes.
                withKnownIssue("the log has no fence between the check of the epoch and the write") {
                    #expect(verified.status == 0, "\(verified.output)")
                }
            }
        }
    }
}

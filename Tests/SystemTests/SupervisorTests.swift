import Foundation
import Testing
import TestSupport

/// `Scripts/supervisor` against six fake services: what it promises, whatever dies.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SupervisorTests {
    /// A run on fresh directories; afterwards nothing may be left of it.
    private func withRun(_ body: (SupervisedRun, FakeServices) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let fakes = try FakeServices(in: directory)
            let run = try SupervisedRun(data: directory + "/data", binaries: fakes.directory)
            do {
                try await body(run, fakes)
            } catch {
                _ = try await run.supervisor("down")
                throw error
            }
            _ = try await run.supervisor("down")
            #expect(run.processes.isEmpty, "left behind: \(run.processes)")
            #expect(!FileManager.default.fileExists(atPath: run.data + "/violations"), "two of one service")
        }
    }

    private func expectUp(_ run: SupervisedRun) async throws {
        let up = try await run.supervisor("up")
        #expect(up.status == 0, "\(up.errors)\n\(run.log("supervisor"))")
    }

    private func end(_ pid: Int32, _ signal: Int32 = SIGKILL) { kill(pid, signal) }

    @Test("up starts all six and returns when they are ready; down leaves nothing behind")
    func upAndDown() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            let status = try await run.status()
            #expect(status.allRunning)
            #expect(status.data == run.data)
            #expect(status.supervisor?.pid == (try run.pid("supervisor")))
            #expect(status.services.map(\.name) == SupervisedRun.services)
            for service in status.services {
                #expect(try run.pid(service.name) == service.pid)
                #expect(service.restarts == 0)
            }
            #expect(status["order-service"]?.ports == ["checkout": run.portBase, "admin": run.portBase + 1])
            #expect(status["payment-gateway"]?.metrics == "http://127.0.0.1:\(run.portBase + 90)/metrics")
            let environment = try String(contentsOfFile: run.data + "/run/environment", encoding: .utf8)
            #expect(environment.contains("STAMPEDE_CHECKOUT_PORT=\(run.portBase)\n"))

            #expect(try await run.supervisor("down").status == 0)
            #expect(run.processes.isEmpty, "left behind: \(run.processes)")
            for service in SupervisedRun.services { #expect(run.log(service).hasSuffix("\(service) stops\n")) }
            let left = try FileManager.default.contentsOfDirectory(atPath: run.data + "/run").sorted()
            #expect(left == ["environment", "supervisor.lock"])
            #expect(try await run.supervisor("status").status == 1)
        }
    }

    @Test("services hold no descriptor of the supervisor's lock or fifo")
    func descriptors() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            for service in SupervisedRun.services {
                let files = ProcessTable.openFiles(of: try run.pid(service))
                #expect(!files.isEmpty)
                #expect(!files.contains { $0.hasPrefix(run.data + "/run/") }, "\(service) holds \(files)")
            }
        }
    }

    @Test("a second up on the same data directory is refused, and harms nobody")
    func secondUp() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            let before = try await run.status().services.map(\.pid)
            let second = try await run.supervisor("up")
            #expect(second.status == 1)
            #expect(second.errors.contains("runs on \(run.data) already"))
            #expect(try await run.status().services.map(\.pid) == before)
        }
    }

    @Test("whoever is killed comes back, all at once included")
    func killedServices() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            for round in 1...3 {
                let before = try await run.status().services.compactMap(\.pid)
                before.forEach { end($0) }
                try await waitUntil("all deaths are seen") {
                    try await run.status().services.allSatisfy { $0.restarts == round }
                }
                let after = try await run.waitUntilAllRun()
                #expect(Set(after.services.compactMap(\.pid)).isDisjoint(with: before))
            }
            #expect(run.log("supervisor").contains("order-service died: killed by SIGKILL; attempt 1"))
            #expect(run.log("supervisor").contains("attempt 3 to restart it in 0.8 s"))
        }
    }

    @Test("a killed supervisor takes its services along, and the next up just works")
    func killedSupervisor() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            end(try run.pid("supervisor"))
            try await waitUntil("the services die with it") { run.processes.isEmpty }
            try await expectUp(run)
            #expect(try await run.status().allRunning)
        }
    }

    @Test("an up right on the heels of a kill -9 of the supervisor starts no second instance")
    func killedSupervisorAndUpAtOnce() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            for _ in 1...3 {
                end(try run.pid("supervisor"))
                try await expectUp(run)
            }
        }
    }

    @Test("restart, stop and start concern one service; the others keep their processes")
    func oneService() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            let before = try await run.status()
            #expect(try await run.supervisor("restart", "payment").status == 0)
            let restarted = try await run.status()
            #expect(restarted.allRunning)
            for service in SupervisedRun.services {
                #expect((restarted[service]?.pid == before[service]?.pid) == (service != "payment-service"))
            }
            #expect(try await run.supervisor("stop", "notification-service").status == 0)
            #expect(try await run.status()["notification-service"]?.state == "stopped")
            #expect(try await run.supervisor("status").status == 1)
            #expect(try await run.supervisor("start", "notification-service").status == 0)
            #expect(try await run.status().allRunning)
            #expect(try await run.supervisor("restart", "warehouse").status == 2)
        }
    }

    @Test("a configuration error is not restarted: up fails, quotes the log and stops everything")
    func configurationError() async throws {
        try await withRun { run, fakes in
            try fakes.tell("inventory-service", "exit 78", in: run.data)
            let up = try await run.supervisor("up")
            #expect(up.status == 1)
            #expect(up.errors.contains("inventory-service cannot start"))
            #expect(up.errors.contains("    inventory-service starts with"))
            #expect(run.processes.isEmpty)
        }
    }

    @Test(
        "a service that fails later with what no restart heals is failed until it is started again", arguments: [2, 78])
    func failsLater(exitCode: Int) async throws {
        try await withRun { run, fakes in
            try await expectUp(run)
            try fakes.tell("analytics-service", "exit \(exitCode)", in: run.data)
            end(try run.pid("analytics-service"))
            try await waitUntil("it is failed") { try await run.status()["analytics-service"]?.state == "failed" }
            let start = try await run.supervisor("start", "analytics")
            #expect(start.status == 1, "still misconfigured")
            try fakes.tell("analytics-service", nil, in: run.data)
            #expect(try await run.supervisor("start", "analytics").status == 0)
            #expect(try await run.status().allRunning)
        }
    }

    @Test("a failed sync is restarted, and said loudly")
    func failedSync() async throws {
        try await withRun { run, fakes in
            try await expectUp(run)
            try fakes.tell("order-service", "exit 75", in: run.data)
            end(try run.pid("order-service"))
            try await waitUntil("it is said") { run.log("supervisor").contains("order-service WARNING: exit code 75") }
            try fakes.tell("order-service", nil, in: run.data)
            try await run.waitUntilAllRun()
        }
    }

    @Test("what trapped on an event is restarted at once, however often, and no pause grows")
    func trapped() async throws {
        try await withRun { run, fakes in
            try await expectUp(run)
            try fakes.tell("inventory-service", "exit 76 after 20", in: run.data)
            end(try run.pid("inventory-service"))
            // With pauses that grow it would take two and a half minutes.
            try await waitUntil("it has died twenty times more") {
                try run.states().first { $0.name == "inventory-service" }?.restarts ?? 0 >= 21
            }
            try await run.waitUntilAllRun()
            let said = run.log("supervisor")
            #expect(said.contains("inventory-service died of an event that its handler traps on"))
            #expect(said.components(separatedBy: "attempt ").count == 2, "of the kill -9 alone: \(said)")
        }
    }

    @Test("--test-faults goes to the service it names, after each death again; to others it does not")
    func testFaults() async throws {
        try await withRun { run, _ in
            let file = run.data + "/inventory faults.json"
            try FileManager.default.createDirectory(atPath: run.data, withIntermediateDirectories: true)
            #expect(try await run.supervisor("up", "--test-faults", "inventory=\(file)").status == 2, "no such file")
            try Data("{}".utf8).write(to: URL(fileURLWithPath: file))
            let up = try await run.supervisor("up", "--test-faults", "inventory=\(file)")
            #expect(up.status == 0, "\(up.errors)")
            end(try run.pid("inventory-service"))
            let line = "inventory-service starts with --data \(run.data) --test-faults \(file)\n"
            try await waitUntil("it starts with it again") {
                run.log("inventory-service").components(separatedBy: line).count == 3
            }
            try await run.waitUntilAllRun()
            #expect(try await run.supervisor("restart", "inventory").status == 0)
            #expect(run.log("inventory-service").components(separatedBy: line).count == 4)
            #expect(!run.log("order-service").contains("--test-faults"))
            for wrong in ["gateway=\(file)", "warehouse=\(file)", file, "inventory="] {
                #expect(try await run.supervisor("up", "--test-faults", wrong).status == 2, "\(wrong)")
            }
            #expect(try await run.supervisor("restart", "inventory", "--test-faults", "order=\(file)").status == 2)
        }
    }

    @Test("up gives up on a service that does not get ready, names it and stops everything")
    func neverReady() async throws {
        try await withRun { run, fakes in
            try fakes.tell("payment-service", "unready", in: run.data)
            let up = try await run.supervisor("up", environment: ["STAMPEDE_READY_SECONDS": "2"])
            #expect(up.status == 1)
            #expect(up.errors.contains("not ready after 2 s"))
            #expect(up.errors.contains("payment-service is starting"))
            #expect(run.processes.isEmpty)
        }
    }

    @Test("a taken port is named, with the service it was meant for, before anything starts")
    func takenPort() async throws {
        try await withTemporaryDirectory { directory in
            let fakes = try FakeServices(in: directory)
            let first = try SupervisedRun(data: directory + "/first", binaries: fakes.directory)
            try await first.whileUp {
                let second = try await runProgram(
                    Project.root + "/Scripts/supervisor",
                    [
                        "up", "--data", directory + "/second", "--bin", fakes.directory, "--port-base",
                        "\(first.portBase)",
                    ])
                #expect(second.status == 1)
                let port = first.portBase + 3
                #expect(
                    second.errors.contains(
                        "port \(port) (admin of payment-service, STAMPEDE_PAYMENT_ADMIN_PORT) is taken by"))
                #expect(ProcessTable.mentioning(directory + "/second").isEmpty)
            }
        }
    }

    @Test("SIGTERM stops the services gracefully, in the foreground and in the background")
    func terminated() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            end(try run.pid("supervisor"), SIGTERM)
            try await waitUntil("everything has ended") { run.processes.isEmpty }
            for service in SupervisedRun.services { #expect(run.log(service).hasSuffix("\(service) stops\n")) }

            async let foreground = run.supervisor("up", "--foreground")
            try await waitUntil("all run") { try await run.status().allRunning }
            let front = run.processes.first {
                $0.command.contains("up --foreground") && !$0.command.contains(" supervise ")
            }
            end(try #require(front).pid, SIGINT)
            let outcome = try await foreground
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("order-service is ready"))
            #expect(run.processes.isEmpty, "left behind: \(run.processes)")
        }
    }

    @Test("a supervisor with nothing to do uses next to no processor time")
    func idle() async throws {
        try await withRun { run, _ in
            try await expectUp(run)
            let supervisor = try run.pid("supervisor")
            let before = try #require(ProcessTable.cpuSeconds(of: supervisor))
            let begin = ContinuousClock.now
            try await waitUntil("three seconds have passed") { ContinuousClock.now - begin > .seconds(3) }
            let used = try #require(ProcessTable.cpuSeconds(of: supervisor)) - before
            #expect(used <= 0.02, "\(used) s in 3 s")
        }
    }

    @Test(
        "on a full disk commands are obeyed, and what status shows is right again once there is space",
        .enabled(if: LoopImage.obstacle == nil, "\(LoopImage.obstacle ?? "")"))
    func fullDisk() async throws {
        try await withTemporaryDirectory { directory in
            try await LoopImage.withImage(in: directory) { image in
                let fakes = try FakeServices(in: directory)
                let run = try SupervisedRun(data: image.mountPoint + "/data", binaries: fakes.directory)
                try await run.whileUp {
                    try await image.whileFull {
                        let stop = try await run.supervisor("stop", "payment")
                        #expect(stop.status == 0, "\(stop.errors)")
                        #expect(!run.processes.contains { $0.command.contains("bin/payment-service") })
                    }
                    try await waitUntil("it is known") {
                        try run.states().first { $0.name == "payment-service" }?.state == "stopped"
                    }
                    #expect(try await run.supervisor("start", "payment").status == 0)
                }
            }
        }
    }
}

import Foundation

/// One run of a sweep: five services and the gateway, twenty orders, one fault at one of them, then the audit.
///
/// The services run under `Scripts/supervisor`, which restarts what dies as in production.
struct FaultyRun: Sendable {
    static let orders = 20
    /// Orders placed before the service is killed, in the stage `.restart`.
    private static let ordersBeforeRestart = 8
    /// Small segments, so that each service rolls over its topic within twenty orders; every product runs low once, so
    /// that Analytics has something to write.
    static let environment = ["STAMPEDE_LOG_SEGMENT_BYTES": "4096", "STAMPEDE_ANALYTICS_LOW_STOCK": "1000"]

    private static let unhurt = "unhurt"
    private static let livedOn = "lived on"
    /// Fired while everything was being stopped, and audited after one more start.
    private static let atTheStop = "at the stop"
    /// What the supervisor's log calls the code for "a write or sync failed".
    private static let failedSyncExit = "exit code 75"

    let fault: DiskFault
    let run: SupervisedRun
    private let page: FaultPage
    private let victim: String

    /// What came of a run.
    struct Report: Sendable {
        let fault: DiskFault
        var fired: FaultPage.Firing?
        /// What the fault came to: how the service died of it, as the supervisor's log says it, or that it lived on.
        var outcome = FaultyRun.unhurt
        var seconds = 0.0
        /// What is wrong; empty where the run held.
        var objections: [String] = []
    }

    /// - Parameter directory: the run's own, empty.
    init(_ fault: DiskFault, library: FaultLibrary, in directory: String) throws {
        self.fault = fault
        victim = fault.service + "-service"
        page = try FaultPage(in: directory)
        let data = directory + "/data"
        let environment = [page.environment, FaultLibrary.places(of: data, only: fault.place)].reduce(fault.environment)
        {
            $0.merging($1) { $1 }
        }
        run = try SupervisedRun(
            data: data, binaries: try library.programs(in: directory, broken: [victim: environment]))
    }

    /// Runs it; whatever goes wrong stands in the report. Nothing of it runs any more afterwards.
    func report() async -> Report {
        var report = Report(fault: fault)
        let begin = ContinuousClock.now
        do {
            if fault.stage == .start { try page.arm() }
            try await run.whileUp(environment: Self.environment) {
                try await sell()
                repeat {
                    report.outcome = try await seeToRestart()
                    report.objections += try await audit()
                } while report.outcome == Self.unhurt && page.fired != nil  // it fired at the very end
            }
            if report.outcome == Self.unhurt, page.fired != nil {
                report.outcome = Self.atTheStop
                try await run.whileUp(environment: Self.environment) { report.objections += try await audit() }
            }
            let ends = [Self.unhurt, Self.livedOn, Self.atTheStop, Self.failedSyncExit]
            if fault.kind == .failedSync, !ends.contains(report.outcome) {
                report.objections.append("after a failed sync: \(report.outcome), not \(Self.failedSyncExit)")
            }
        } catch {
            report.objections.append("\(error)")
        }
        report.fired = page.fired
        let log = run.log("supervisor").split(separator: "\n")
        report.objections += log.filter { $0.contains(" FAILED: ") }.map(String.init)
        let left = run.processes
        if !left.isEmpty { report.objections.append("left behind: \(left)") }
        FreePorts.giveBack(run.portBase)
        report.seconds = (ContinuousClock.now - begin) / .seconds(1)
        return report
    }

    /// What the audit has against the run; nothing where it is VALID.
    private func audit() async throws -> [String] {
        let audit = try await run.auditWhenQuiet()
        return audit.status == 0 ? [] : ["audit: \(audit.output)\(audit.errors)"]
    }

    private func sell() async throws {
        let load = try Load(run)
        if fault.stage == .ready { try page.arm() }
        try await load.seed()
        switch fault.stage {
        case .start, .ready:
            try await load.place(0..<Self.orders)
        case .load:
            try page.arm()
            try await load.place(0..<Self.orders)
        case .restart:
            try await load.place(0..<Self.ordersBeforeRestart)
            let pid = try run.pid(victim)
            kill(pid, SIGKILL)
            try await waitUntil("\(victim) is gone") { ProcessTable.isGone(pid) }
            try page.arm()
            try await load.place(Self.ordersBeforeRestart..<Self.orders)
        }
        try await load.waitUntilSettled()
    }

    /// Waits until the service has died of its fault and is back; one that lived on is killed now, so that the audit judges
    /// what was read from disk again.
    private func seeToRestart() async throws -> String {
        guard let firing = page.fired else { return Self.unhurt }
        let before = fault.stage == .restart ? 1 : 0
        func isRestarted() throws -> Bool {
            try run.states().contains { $0.name == victim && $0.restarts > before }
        }
        let mustDie = fault.kind.kills || fault.kind == .failedSync && !Self.isDirectory(firing.file)
        let livesOn = try !mustDie && !isRestarted()
        if livesOn { kill(try run.pid(victim), SIGKILL) }
        try await waitUntil("\(victim) has died of its fault (\(firing)) and is restarted", isRestarted)
        try await waitUntil("all services run") {
            try run.states().allSatisfy { $0.state == "running" }
        }
        if livesOn { return Self.livedOn }
        let deaths = run.log("supervisor").split(separator: "\n").filter { $0.contains(" \(victim) died: ") }
        guard deaths.count > before else { return "restarted" }
        return String(deaths[before].split(separator: ":", maxSplits: 4).last?.prefix { $0 != ";" } ?? "?")
            .trimmingCharacters(in: .whitespaces)
    }

    /// A directory that SQLite could not sync is its own business: it goes on, as it must where that cannot be done.
    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}

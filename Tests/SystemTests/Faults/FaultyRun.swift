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

    let fault: DiskFault
    let run: SupervisedRun
    private let page: FaultPage
    private let victim: String

    /// What came of a run.
    struct Report: Sendable {
        let fault: DiskFault
        var fired: FaultPage.Firing?
        /// Calls of the fault's sort, of the whole run.
        var counted = 0
        /// How the services died, as the supervisor's log says it.
        var deaths: [String] = []
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
        let environment = [page.environment, FaultLibrary.places(of: data)].reduce(fault.environment) {
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
                try await seeToRestart()
                let audit = try await run.auditWhenQuiet()
                if audit.status != 0 { report.objections.append("audit: \(audit.output)\(audit.errors)") }
            }
        } catch {
            report.objections.append("\(error)")
        }
        report.fired = page.fired
        report.counted = (try? FaultPage.Call(rawValue: fault.kind.call).map(page.counted)) ?? 0  // shown only
        let log = run.log("supervisor").split(separator: "\n")
        report.deaths = log.compactMap { line in
            line.firstRange(of: " died: ").map { String(line[$0.upperBound...].prefix { $0 != ";" }) }
        }
        report.objections += log.filter { $0.contains(" FAILED: ") }.map(String.init)
        let left = run.processes
        if !left.isEmpty { report.objections.append("left behind: \(left)") }
        report.seconds = (ContinuousClock.now - begin) / .seconds(1)
        return report
    }

    private func sell() async throws {
        let load = try Load(run)
        try await load.seed()
        switch fault.stage {
        case .start:
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

    /// The audit is to judge what was read from disk again: a service that lived through its fault is killed now.
    private func seeToRestart() async throws {
        guard let firing = page.fired else { return }
        let before = fault.stage == .restart ? 1 : 0
        if fault.kind.kills || fault.kind == .failedSync && !Self.isDirectory(firing.file) {
            try await waitUntil("\(victim) has died of its fault (\(firing))") {
                try await run.status()[victim].map { $0.restarts > before } ?? false
            }
        } else if try await run.status()[victim].map({ $0.restarts == before }) ?? false {
            kill(try run.pid(victim), SIGKILL)
            try await waitUntil("\(victim) is restarted") {
                try await run.status()[victim].map { $0.restarts > before } ?? false
            }
        }
        try await run.waitUntilAllRun()
    }

    /// A directory that SQLite could not sync is its own business: it goes on, as it must where that cannot be done.
    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}

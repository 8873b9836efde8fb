import Foundation
import Testing
import TestSupport

/// The disk breaks under one service at one call, for one call after the other. `docs/reference/fault-sweep.md`.
@Suite("A disk that fails at the Nth call", .tags(.chaos), .serialized, .timeLimit(.minutes(SweepPlan.current.minutes)))
struct FaultSweepTests {
    /// Runs side by side: a run waits half of its time, for restarts and for disks. `STAMPEDE_SWEEP_LANES`.
    private static let lanes = ProcessInfo.processInfo.environment["STAMPEDE_SWEEP_LANES"].flatMap { Int($0) } ?? 3

    @Test(
        "whichever call of a service fails or is its last, the service comes back, all orders settle and the audit is VALID",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"), arguments: SweepPlan.current.kinds)
    func sweep(kind: DiskFault.Kind) async throws {
        try await withTemporaryDirectory { directory in
            let library = try await FaultLibrary(in: directory)
            let plan = SweepPlan.current
            let sweep = Sweep(kind, plan, try await Rehearsals.shared.rehearsal(library))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<Self.lanes {
                    group.addTask {
                        while let fault = await sweep.next() {
                            let report = try await self.run(fault, library, directory)
                            await sweep.add(report)
                        }
                    }
                }
                try await group.waitForAll()
            }
            print(await sweep.summary, "seed \(plan.seed)")
            #expect(await sweep.fired > 0, "no fault fired: the sweep proves nothing")
        }
    }

    /// One run, in a directory of its own: the same fault may be run twice, at the same time. What is wrong with it is
    /// recorded with all that is needed to see it again.
    private func run(_ fault: DiskFault, _ library: FaultLibrary, _ parent: String) async throws -> FaultyRun.Report {
        let directory = try Self.newDirectory(parent + "/\(fault)".replacing(":", with: "-"))
        let report = try await FaultyRun(fault, library: library, in: directory).report()
        try Self.log(report)
        if report.objections.isEmpty {
            try FileManager.default.removeItem(atPath: directory)
        } else {
            let kept = try keep(directory)
            Issue.record(
                """
                \(fault.kind.rawValue), N = \(fault.number), \(fault.service)-service, from its \(fault.stage.rawValue) on
                  fired: \(report.fired.map(\.description) ?? "no")
                  what came of it: \(report.outcome)
                  \(report.objections.joined(separator: "\n  "))
                  data directory, logs included: \(kept)/data
                  again: STAMPEDE_SWEEP=\(fault) Scripts/test --filter FaultSweepTests
                """)
        }
        return report
    }

    /// `path`, or `path` with the first number behind it that is free.
    private static func newDirectory(_ path: String) throws -> String {
        for number in 1...100 {
            let directory = number == 1 ? path : path + "-\(number)"
            if mkdir(directory, 0o755) == 0 { return directory }
            guard errno == EEXIST else { break }
        }
        throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }

    /// A line a run in the file `STAMPEDE_SWEEP_LOG`, where that is set.
    private static func log(_ report: FaultyRun.Report) throws {
        guard let path = ProcessInfo.processInfo.environment["STAMPEDE_SWEEP_LOG"] else { return }
        let columns = [
            "\(report.fault)", report.fired.map(\.description) ?? "unhurt", report.outcome,
            report.objections.isEmpty ? "VALID" : "NOT VALID", String(format: "%.1f", report.seconds),
        ]
        let line = columns.joined(separator: "\t") + "\n"
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        defer { close(file) }
        guard file >= 0, write(file, line, line.utf8.count) == line.utf8.count else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }
}

/// The one rehearsal that all kinds share.
actor Rehearsals {
    static let shared = Rehearsals()
    private var made: Task<Rehearsal, any Error>?

    func rehearsal(_ library: FaultLibrary) async throws -> Rehearsal {
        if let made { return try await made.value }
        let task = Task { try await withTemporaryDirectory { try await Rehearsal(library: library, in: $0) } }
        made = task
        return try await task.value
    }
}

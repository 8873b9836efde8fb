import ArgumentParser
import Foundation

/// One process's share of a sale, started by `run` and told what to do on standard input.
///
/// - Guarantee: a worker never outlives its coordinator: its standard input ends with that process, however it died,
///   and a worker whose input ends exits at once.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "One process's share of a sale.", shouldDisplay: false)

    func run() throws {
        guard case .prepare(let assignment) = try Self.nextOrder() else {
            throw WorkerError(description: "a worker is started by 'flash-sale run', not by hand")
        }
        OpenFileLimit.raise()
        let worker = try Worker(
            plan: assignment.plan,
            visits: SaleVisits(
                plan: assignment.sale, worker: assignment.worker, of: assignment.workers, port: assignment.plan.port),
            journal: Journal(path: assignment.journalPath), seed: assignment.sale.seed &+ UInt64(assignment.worker),
            onProgress: { Self.say(.progress($0)) })
        Self.say(.ready)
        guard case .start(let instant) = try Self.nextOrder() else { return }
        Thread.detachNewThread {
            while readLine() != nil {}
            _exit(1)
        }
        var result = try worker.run(startingAt: instant)
        result.cpuSeconds = ProcessorTime.ofThisProcess()
        Self.say(.done(result))
    }

    private static func say(_ report: WorkerReport) {
        // A report that cannot be encoded or written has nobody to read it: the coordinator is gone, and so are we soon.
        guard let line = try? LineCoding.line(report) else { return }
        try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
    }

    /// The next line of standard input; where that has ended, so does the process.
    private static func nextOrder() throws -> WorkerOrder {
        guard let line = readLine() else { _exit(1) }
        return try LineCoding.message(line)
    }
}

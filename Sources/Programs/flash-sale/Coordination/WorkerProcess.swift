import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A worker process, from its start to its result.
enum WorkerProcess {
    /// - Throws: `WorkerError` where it ends without a result.
    static func run(_ assignment: WorkerOrder.Assignment, executable: String, floor: Floor) async throws -> WorkerResult
    {
        let outcome = try await Subprocess.run(
            .path(FilePath(executable)), arguments: ["worker"], input: .inputWriter, output: .sequence,
            error: .currentStandardError
        ) { execution -> WorkerResult? in
            let input = execution.standardInputWriter
            _ = try await input.write(try LineCoding.line(WorkerOrder.prepare(assignment)))
            for try await line in execution.standardOutput.strings(bufferingPolicy: .unbounded) {
                switch try LineCoding.message(line, as: WorkerReport.self) {
                case .ready:
                    floor.isReady()
                    let start = try await floor.commonStart()
                    _ = try await input.write(try LineCoding.line(WorkerOrder.start(at: start.monotonic)))
                case .progress(let tally):
                    floor.update(tally, of: assignment.worker)
                case .done(let result):
                    return result
                }
            }
            return nil
        }
        guard let result = outcome.closureResult else {
            throw WorkerError(
                description: "worker \(assignment.worker) ended (\(outcome.terminationStatus)) without a result: "
                    + "what its shoppers saw is lost, so this run counts for nothing")
        }
        return result
    }
}

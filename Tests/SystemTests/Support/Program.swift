import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program that ran to its end.
struct Outcome: Sendable {
    /// The exit code, or 128 + the signal that ended it, as a shell says it.
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program with a limit on its time, in the environment of the tests with `environment` added.
/// - Throws: `TookTooLong` once `patience` is over; the program is killed then.
func runProgram(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
) async throws -> Outcome {
    let additions = Dictionary(
        uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), Optional($1)) })
    return try await withThrowingTaskGroup(of: Outcome.self) { group in
        group.addTask {
            let result = try await Subprocess.run(
                .path(FilePath(path)), arguments: Arguments(arguments), environment: .inherit.updating(additions),
                output: .string(limit: 16 << 20), error: .string(limit: 16 << 20))
            let status: Int32 =
                switch result.terminationStatus {
                case .exited(let code): code
                case .signaled(let signal): 128 + signal
                }
            return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
        }
        group.addTask {
            try await Task.sleep(for: patience)
            throw TookTooLong(description: "not within \(patience): \(path) \(arguments.joined(separator: " "))")
        }
        defer { group.cancelAll() }  // kills the program when it is the clock that won
        guard let first = try await group.next() else { throw TookTooLong(description: path) }
        return first
    }
}

package import Contracts
import Foundation

/// Runs `<programs>/<service>-service --data DIR --rebuild-into OUT` and reads what it says of its state.
package struct ExecutableRebuilder: Rebuilder {
    /// Longest a rebuild may take.
    package static let limitSeconds = 300
    /// Given to a program between SIGTERM and SIGKILL.
    private static let graceSeconds = 5

    private let programs: String
    private let dataDirectory: String

    /// - Parameter programs: the directory of the service executables.
    package init(programs: String, dataDirectory: String) {
        self.programs = programs
        self.dataDirectory = dataDirectory
    }

    package func rebuild(
        _ service: ServiceName, live _: EvidenceDatabase, into directory: String
    ) throws -> RebuiltDatabase {
        func failed(_ reason: String) -> AuditError { .rebuildFailed(service: service, reason: reason) }
        let program = "\(programs)/\(service.rawValue)-service"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw failed("there is no program \(program)")
        }

        let output = directory + "/database"
        let said = directory + "/stdout"
        let complained = directory + "/stderr"
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            let code = try run(program, ["--data", dataDirectory, "--rebuild-into", output], said, complained)
            guard code == 0 else { throw failed("exit code \(code): \(Self.lastLine(of: complained))") }
            let answer = try JSONDecoder().decode(Answer.self, from: Data(contentsOf: URL(fileURLWithPath: said)))
            guard answer.service == service else { throw failed("\(program) answered for \(answer.service.rawValue)") }
            guard FileManager.default.fileExists(atPath: answer.database) else {
                throw failed("it names \(answer.database), which is not there")
            }
            return RebuiltDatabase(path: answer.database, tables: answer.digest)
        } catch let error as AuditError {
            throw error
        } catch {
            throw failed("\(error)")
        }
    }

    /// What a rebuild prints.
    private struct Answer: Decodable {
        let service: ServiceName
        let database: String
        let digest: [StateTable]
    }

    /// Output goes to files: a full pipe cannot block the program, and nothing must be read while it runs.
    private func run(_ program: String, _ arguments: [String], _ output: String, _ errors: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        var handles: [FileHandle] = []
        for path in [output, errors] {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw AuditError.unreadable(file: path, reason: "it cannot be created")
            }
            handles.append(try FileHandle(forWritingTo: URL(fileURLWithPath: path)))
        }
        defer { for handle in handles { try? handle.close() } }  // written by the child alone
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        if !Self.isSignalled(ended, within: Self.limitSeconds) {
            process.terminate()
            if !Self.isSignalled(ended, within: Self.graceSeconds) {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
            }
            throw AuditError.unreadable(
                file: program, reason: "it ran longer than \(Self.limitSeconds) s and was stopped")
        }
        return process.terminationStatus
    }

    /// By a clock that nobody sets: the semaphore's own, on Linux, is the wall clock.
    private static func isSignalled(_ semaphore: DispatchSemaphore, within seconds: Int) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if semaphore.wait(timeout: .now() + .seconds(1)) == .success { return true }
        }
        return false
    }

    private static func lastLine(of path: String) -> String {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").last.map(String.init) ?? "no message"
    }
}

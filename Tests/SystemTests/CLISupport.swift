import Foundation
import Testing

/// The operator's CLI, run as an operator runs it.
enum CLI {
    static let executable = Project.binaries + "/stampede"

    static func run(_ arguments: String..., data: String, environment: [String: String] = [:]) async throws -> Outcome {
        try await runProgram(executable, arguments + ["--data", data], environment: environment)
    }

    /// What stands on a terminal of this size in the end: lines without what moves the cursor, in no colour.
    static func screen(
        _ arguments: String..., columns: Int = 80, rows: Int = 24, data: String
    ) async throws -> String {
        try await screen(arguments, columns: columns, rows: rows, data: data)
    }

    static func screen(_ arguments: [String], columns: Int = 80, rows: Int = 24, data: String) async throws -> String {
        // The first screenful of what goes on is enough: the program is ended with its terminal.
        let script = #"""
            import fcntl, os, pty, struct, sys, termios
            columns, rows, first = int(sys.argv[1]), int(sys.argv[2]), "--watch" in sys.argv
            child, terminal = pty.fork()
            if child == 0:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.environ["NO_COLOR"] = "1"
                os.execv(sys.argv[3], sys.argv[3:])
            text = b""
            while True:
                try:
                    more = os.read(terminal, 65536)
                except OSError:
                    break
                text += more
                if not more or first and text.count(b"\x1b[H\x1b[J") > 1:
                    break
            os.close(terminal)
            os.waitpid(child, 0)
            parts = text.split(b"\x1b[H\x1b[J")
            sys.stdout.buffer.write((parts[1] if first else parts[-1]).replace(b"\r\n", b"\n"))
            """#
        return try await runProgram(
            "/usr/bin/env",
            ["python3", "-c", script, "\(columns)", "\(rows)", executable] + arguments + ["--data", data]
        ).output
    }

    /// What `--json` printed, which must be one JSON object.
    static func json(_ arguments: String..., data: String) async throws -> [String: Any] {
        let outcome = try await runProgram(executable, arguments + ["--json", "--data", data])
        return try object(outcome.output)
    }

    static func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// A command that goes on; its output can be read as it comes.
    static func start(_ arguments: String..., data: String) throws -> RunningCLI {
        try RunningCLI(arguments + ["--data", data])
    }
}

/// A command that goes on. What blocks runs off the cooperative pool, which has only as many threads as cores.
final class RunningCLI: Sendable {
    private let process: ProcessBox
    private let output = Pipe()
    private let errors = Pipe()

    private struct ProcessBox: @unchecked Sendable {  // started once, then only signalled and waited for
        let process = Process()
    }

    init(_ arguments: [String]) throws {
        process = ProcessBox()
        process.process.executableURL = URL(fileURLWithPath: CLI.executable)
        process.process.arguments = arguments
        process.process.standardOutput = output
        process.process.standardError = errors
        try process.process.run()
    }

    deinit {
        if process.process.isRunning { kill(process.process.processIdentifier, SIGKILL) }
    }

    private func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: body()) }.start()
            }
        } onCancel: {
            // A test out of time: the end of the command ends whatever waits for it.
            kill(process.process.processIdentifier, SIGKILL)
        }
    }

    /// Reads until the output holds a text.
    func read(until text: String) async throws -> String {
        var read = ""
        while !read.contains(text) {
            let more = await offPool { [output] in output.fileHandleForReading.availableData }
            guard !more.isEmpty else { throw TookTooLong(description: "the output ended without '\(text)': \(read)") }
            read += String(decoding: more, as: UTF8.self)
        }
        return read
    }

    func closeOutput() throws {
        try output.fileHandleForReading.close()
    }

    func interrupt() {
        kill(process.process.processIdentifier, SIGINT)
    }

    /// Waits for its end: the exit code, or 128 + the signal that ended it.
    func end() async -> (status: Int32, errors: String) {
        await offPool { [process, errors] in
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.process.waitUntilExit()
            let status = process.process.terminationStatus
            return (process.process.terminationReason == .uncaughtSignal ? 128 + status : status, text)
        }
    }
}

extension String {
    var textLines: [Substring] { split(separator: "\n") }

    /// Columns of the widest line, a character a column.
    var widest: Int { textLines.map(\.count).max() ?? 0 }

    /// Whether nothing in it could steer a terminal.
    var isHarmless: Bool {
        unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || ![.control, .format].contains(scalar.properties.generalCategory)
        }
    }
}

/// Every file below a directory, with what a change would show in: size, time, inode.
func fingerprint(_ directory: String) throws -> [String: String] {
    var found: [String: String] = [:]
    let names = try #require(FileManager.default.enumerator(atPath: directory))
    for case let name as String in names {
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + name)
        let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        found[name] = "\(attributes[.size] ?? 0) \(time) \(attributes[.systemFileNumber] ?? 0)"
    }
    return found
}

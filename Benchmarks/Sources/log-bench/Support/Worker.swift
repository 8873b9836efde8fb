import Foundation
import Glibc

/// The processes that scenarios start beside their own: this program once more, talked to in lines.
enum Worker: String {
    /// One of the four writers; `--index` says which.
    case append4Writer = "append4-writer"
    case latencyReader = "latency-reader"
    case tailReader = "tail-reader"
    /// Appends until it is killed.
    case recoverWriter = "recover-writer"

    func run(_ invocation: Invocation) async throws {
        switch self {
        case .append4Writer: try AppendByFour.write(invocation)
        case .latencyReader: try await Latency.follow(invocation)
        case .tailReader: try await Tail.follow(invocation)
        case .recoverWriter: try Recover.write(invocation)
        }
    }
}

/// A worker that was started, seen from the scenario.
final class WorkerProcess {
    enum Failure: Error, CustomStringConvertible {
        case ended(Worker)
        case failed(Worker, status: Int32)

        var description: String {
            switch self {
            case .ended(let worker): "the process \(worker.rawValue) ended early"
            case .failed(let worker, let status): "the process \(worker.rawValue) failed with status \(status)"
            }
        }
    }

    private let worker: Worker
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer = Data()

    init(_ worker: Worker, directory: String, options: [String] = []) throws {
        self.worker = worker
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [worker.rawValue, directory] + options
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// A worker outlives no scenario, whatever ended it.
    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// The next line of what it says.
    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer = Data(buffer[(end + 1)...]) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure.ended(worker) }
            buffer.append(more)
        }
    }

    /// The numbers in the next line.
    func numbers() throws -> [Int64] {
        try line().split(separator: " ").compactMap { Int64($0) }
    }

    func tell(_ line: String) {
        input.fileHandleForWriting.write(Data((line + "\n").utf8))
    }

    /// Ends it at once, as a crash would.
    func crash() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits until it ended well.
    func finish() throws {
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure.failed(worker, status: process.terminationStatus)
        }
    }
}

/// What a worker says to the scenario that started it.
enum Conversation {
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    static func say(_ numbers: [Int64]) {
        say(numbers.map(String.init).joined(separator: " "))
    }

    /// Waits for a line; the scenario's end ends the worker, too.
    static func awaitWord() {
        if readLine() == nil { exit(1) }
    }

    /// For workers that wait for something else than a word.
    static func endWithTheScenario() {
        Thread {
            while readLine() != nil {}
            exit(1)
        }.start()
    }
}

import Foundation

/// The built executable, run as its users run it.
final class GatewayProcess: @unchecked Sendable {  // used from one thread at a time
    let process = Process()
    private let output = Pipe()
    private var text = ""

    /// The products lie beside the test runner.
    static var executable: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("payment-gateway")
    }

    /// - Parameter tool: what runs the gateway, with its own arguments; it is found on the path.
    init(_ arguments: [String], environment: [String: String] = [:], under tool: [String] = []) throws {
        process.executableURL = tool.isEmpty ? Self.executable : URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (tool.isEmpty ? [] : tool + [Self.executable.path]) + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Reads what it prints until it names the port that it listens on.
    func port() throws -> Int {
        while true {
            if let range = text.range(of: #"http://127\.0\.0\.1:[0-9]+"#, options: .regularExpression),
                let port = Int(text[range].split(separator: ":").last ?? "")
            {
                return port
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Ended(text: text) }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    struct Ended: Error {
        let text: String
    }

    /// Waits for its end; returns the exit code and everything it printed. One that does not end is killed,
    /// and its exit code says so.
    func end(signal: Int32? = nil, withinSeconds limit: Int = 30) -> (code: Int32, text: String) {
        if let signal { kill(process.processIdentifier, signal) }
        let killer = DispatchWorkItem { [process] in kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(limit), execute: killer)
        defer { killer.cancel() }
        text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}

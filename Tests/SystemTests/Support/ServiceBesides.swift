import Foundation

/// A service started by hand beside a run, on ports of its own; killed when nobody holds it any more.
final class ServiceBesides: Sendable {
    let portBase: Int
    private let errorFile: String
    private let process: ProcessBox

    private struct ProcessBox: @unchecked Sendable {  // started once, then only signalled and waited for
        let process = Process()
    }

    /// - Parameters:
    ///   - name: such as `order-service`.
    ///   - directory: for what it says.
    init(
        _ name: String, data: String, binaries: String, environment: [String: String] = FaultyRun.environment,
        in directory: String
    ) throws {
        portBase = try FreePorts.base()
        errorFile = directory + "/\(name)-besides.log"
        process = ProcessBox()
        let process = process.process
        process.executableURL = URL(fileURLWithPath: "\(binaries)/\(name)")
        process.arguments = ["--data", data]
        process.environment = ProcessInfo.processInfo.environment.merging(Self.ports(portBase)) { $1 }
            .merging(environment) { $1 }
        try Data().write(to: URL(fileURLWithPath: errorFile))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorFile))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        kill()
        FreePorts.giveBack(portBase)
    }

    /// What puts the ports of order-service at a base.
    static func ports(_ base: Int) -> [String: String] {
        ["STAMPEDE_CHECKOUT_PORT": "\(base)", "STAMPEDE_ORDER_ADMIN_PORT": "\(base + 1)"]
    }

    var errors: String { (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "" }

    /// Asks it to stop.
    func terminate() {
        if process.process.isRunning { Foundation.kill(process.process.processIdentifier, SIGTERM) }
    }

    func kill() {
        if process.process.isRunning { Foundation.kill(process.process.processIdentifier, SIGKILL) }
    }

    /// The exit code, or 128 + the signal that ended it; nil while it runs.
    var status: Int32? {
        guard !process.process.isRunning else { return nil }
        let status = process.process.terminationStatus
        return process.process.terminationReason == .uncaughtSignal ? 128 + status : status
    }

    func waitUntilReady() async throws {
        try await waitUntil("the second service is ready") {
            if let status { throw TookTooLong(description: "it ended with \(status): \(errors)") }
            return await HTTP.send("GET", port: portBase + 1, "/health/ready")?.status == 200
        }
    }
}

import Foundation

/// A process that is called as a service is, and has its pid file: for whoever looks, the service runs and says nothing.
final class StandInProcess: Sendable {
    private let process: ProcessBox

    private struct ProcessBox: @unchecked Sendable {  // started once, then only signalled
        let process = Process()
    }

    init(_ program: String, of data: String) throws {
        process = ProcessBox()
        process.process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.process.arguments = ["-c", "read line", "/\(program)"]
        process.process.standardInput = Pipe()
        try process.process.run()
        try FileManager.default.createDirectory(atPath: data + "/run", withIntermediateDirectories: true)
        try Data("\(process.process.processIdentifier)\n".utf8).write(
            to: URL(fileURLWithPath: "\(data)/run/\(program).pid"))
        // Nobody listens there.
        let variable = "STAMPEDE_\(program.split(separator: "-")[0].uppercased())_ADMIN_PORT"
        try Data("\(variable)=1\n".utf8).write(to: URL(fileURLWithPath: "\(data)/run/environment"))
    }

    deinit { kill(process.process.processIdentifier, SIGKILL) }
}

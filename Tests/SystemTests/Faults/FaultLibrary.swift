import Foundation

/// The library that breaks the disk under a program: `FaultInjection/faults.c`, compiled when a test needs it.
struct FaultLibrary: Sendable {
    static let compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let path: String

    /// - Parameter directory: where the library goes.
    init(in directory: String) async throws {
        guard let compiler = Self.compiler else { throw TookTooLong(description: "no C compiler") }
        path = directory + "/faults.so"
        let source = Project.root + "/Tests/SystemTests/FaultInjection/faults.c"
        let outcome = try await runProgram(
            compiler,
            ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o", path, source])
        guard outcome.status == 0 else { throw TookTooLong(description: "faults.c: \(outcome.errors)") }
    }

    /// Makes a directory of programs for `SupervisedRun`: the real ones, some of them with this library loaded first.
    ///
    /// - Parameters:
    ///   - broken: by program, such as `order-service`: the `STAMPEDE_FAULT_…` variables.
    ///   - beforehand: what the shell does at each start of a broken program, before it.
    func programs(in directory: String, broken: [String: [String: String]], beforehand: String = "") throws -> String {
        let binaries = directory + "/bin"
        try FileManager.default.createDirectory(atPath: binaries, withIntermediateDirectories: true)
        for name in SupervisedRun.services {
            guard let environment = broken[name] else {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(binaries)/\(name)", withDestinationPath: "\(Project.binaries)/\(name)")
                continue
            }
            let variables = environment.merging(["LD_PRELOAD": path]) { $1 }
            let exports = variables.map { "export \($0)='\($1)'\n" }.sorted().joined()
            try "#!/bin/sh\n\(beforehand)\n\(exports)exec '\(Project.binaries)/\(name)' \"$@\"\n".write(
                toFile: "\(binaries)/\(name)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(binaries)/\(name)")
        }
        return binaries
    }

    /// The directories of a run whose calls count: as `FaultPage` tells them apart, or one of them.
    static func places(of data: String, only place: FaultPage.Place? = nil) -> [String: String] {
        let places = place.map { [$0] } ?? FaultPage.Place.allCases
        return ["STAMPEDE_FAULT_BELOW": places.map { "\(data)/\($0)" }.joined(separator: ":")]
    }
}

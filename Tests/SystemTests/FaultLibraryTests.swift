import Foundation
import Testing
import TestSupport

/// The breaker itself: a call that it does not see is a call that no sweep breaks.
@Suite("What is counted before it is broken", .tags(.chaos), .serialized, .timeLimit(.minutes(5)))
struct FaultLibraryTests {
    private static let strace = ["/usr/bin/strace", "/bin/strace"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Each sort of call with the kernel's calls that it consists of.
    private static let sorts: [(call: FaultPage.Call, kernel: [String])] = [
        (
            .write,
            [
                "write", "writev", "pwrite64", "pwritev", "pwritev2", "fallocate", "copy_file_range", "sendfile",
                "splice", "io_uring_setup",
            ]
        ),
        (.fdatasync, ["fdatasync", "sync_file_range", "msync"]), (.fsync, ["fsync", "syncfs"]),
        (.rename, ["rename", "renameat", "renameat2", "link", "linkat"]), (.mmap, ["mmap"]),
    ]

    @Test(
        "every call below the data directory that strace sees is counted, the log's and SQLite's",
        .enabled(if: FaultLibrary.compiler != nil, "no C compiler"),
        arguments: ["order", "notification"])
    func complete(service: String) async throws {
        let strace = try #require(Self.strace, "strace is needed: apt-get install strace")
        try await withTemporaryDirectory { directory in
            let library = try await FaultLibrary(in: directory)
            let page = try FaultPage(in: directory)
            try page.arm()
            let data = directory + "/data"
            let trace = directory + "/trace"
            let binaries = try library.programs(in: directory, broken: [:])
            let variables = FaultLibrary.places(of: data).merging(page.environment) { $1 }
                .merging(["LD_PRELOAD": library.path]) { $1 }
            let calls = Self.sorts.flatMap(\.kernel).joined(separator: ",")
            let program = "\(binaries)/\(service)-service"
            try FileManager.default.removeItem(atPath: program)
            try """
            #!/bin/sh
            exec '\(strace)' -D -f -qq -y -s 0 -e 'trace=\(calls)' -o '\(trace)' \
            \(variables.map { "-E '\($0)=\($1)'" }.sorted().joined(separator: " ")) \
            '\(Project.binaries)/\(service)-service' "$@"
            """.write(toFile: program, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)

            let run = try SupervisedRun(data: data, binaries: binaries)
            try await run.whileUp(environment: FaultyRun.environment) {
                let load = try Load(run)
                try await load.seed()
                try await load.place(0..<FaultyRun.orders)
                try await load.waitUntilSettled()
            }
            let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            for place in FaultPage.Place.allCases {
                for (call, kernel) in Self.sorts {
                    let seen = lines.filter { Self.isCall($0, kernel, below: "\(data)/\(place)") }
                    #expect(
                        try page.counted(call, place) == seen.count,
                        "\(call) in \(place): the last that strace saw were \(seen.suffix(5))")
                }
            }
            for place in [FaultPage.Place.log, .db] {
                for call in [FaultPage.Call.write, .fdatasync, .mmap] {
                    #expect(try page.counted(call, place) > 0, "\(service) makes no \(call) in \(place)?")
                }
            }
            #expect(try page.counted(.rename, .log) > 4, "no segment was rolled over")
        }
    }

    /// Whether a line of strace is one of these calls on something below a directory; of mappings, shared ones.
    private static func isCall(_ line: Substring, _ names: [String], below directory: String) -> Bool {
        // PID NAME(…
        let call = line.drop { $0.isNumber }.drop { $0 == " " }
        guard let open = call.firstIndex(of: "("), names.contains(String(call[..<open])) else { return false }
        return call.contains(directory + "/") || call.contains(directory + ">")
            ? !call.hasPrefix("mmap(") || call.contains("MAP_SHARED") : false
    }
}

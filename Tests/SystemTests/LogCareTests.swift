import Contracts
import Foundation
import Testing
import TestSupport

/// What an operator does with a log that grows, and what the services do for it themselves.
@Suite("A log that is looked after", .serialized, .timeLimit(.minutes(5)))
struct LogCareTests {
    /// Segments that a few hundred orders fill.
    private static let small = ["STAMPEDE_LOG_SEGMENT_BYTES": "65536"]

    private static func segments(_ directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []  // none yet
        return names.filter { $0.hasSuffix(".segment") }.sorted()
    }

    @Test("archived between two sales, services running: the audit is VALID over both, also after a restart of all")
    func archivedBetweenSales() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            try await run.whileUp(environment: Self.small) {
                #expect(try await run.sell("--shoppers", "300", "--stock", "all").verdict == "VALID")
                let before = Self.segments(run.data + "/log/orders")
                #expect(before.count > 2)
                let archived = try await CLI.run("log", "archive", data: run.data)
                #expect(archived.status == 0, "\(archived.errors)")
                let kept = Self.segments(run.data + "/log/orders")
                #expect(kept.count < before.count)
                #expect(Self.segments(run.data + "/archive/orders") + kept == before)
                #expect(try await run.sell("--shoppers", "200", "--stock", "all", "--seed", "9").verdict == "VALID")
            }
            try await run.whileUp(environment: Self.small) {
                let audit = try await CLI.run("audit", "--bin", Project.binaries, data: run.data)
                #expect(audit.status == 0, "\(audit.output)")
            }
            // Without the archive the audit does not guess: it says from where on it can see.
            try FileManager.default.moveItem(atPath: run.data + "/archive", toPath: directory + "/elsewhere")
            let audit = try await CLI.run("audit", "--bin", Project.binaries, data: run.data)
            #expect(audit.status == 4, "\(audit.output)")
            #expect(audit.output.contains("UNKNOWN"))
        }
    }

    @Test("a bit that rots in a sealed segment is reported by the service that owns it, with file and byte")
    func rotIsReported() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            var environment = Self.small
            environment["STAMPEDE_LOG_SCRUB_INTERVAL_SECONDS"] = "1"
            try await run.whileUp(environment: environment) {
                #expect(try await run.sell("--shoppers", "300", "--stock", "all").verdict == "VALID")
                let first = try #require(Self.segments(run.data + "/log/orders").first)
                let path = run.data + "/log/orders/" + first
                let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
                try file.seek(toOffset: 5000)
                let byte = try #require(try file.read(upToCount: 1)?.first)
                try file.seek(toOffset: 5000)
                try file.write(contentsOf: Data([byte ^ 16]))
                try file.close()
                try await waitUntil("order-service reports the rot") {
                    run.log("order-service").contains(first)
                }
                let line = try #require(run.log("order-service").split(separator: "\n").first { $0.contains(first) })
                #expect(line.contains("critical") && line.contains("is corrupt at byte"), "\(line)")
                let status = try #require(try await run.status()["order-service"])
                #expect(status.state == "running" && status.restarts == 0, "it goes on")
            }
        }
    }
}

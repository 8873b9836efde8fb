import Foundation
import Testing
import TestSupport

/// What each service touches during a sale, as the kernel saw it.
@Suite("A service keeps to its own", .serialized, .timeLimit(.minutes(5)))
struct IsolationTests {
    private static let ownTopic = [
        "order": "orders", "inventory": "inventory", "payment": "payments", "notification": "notifications",
        "analytics": "analytics",
    ]

    private static var strace: String? {
        ["/usr/bin/strace", "/bin/strace"].first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A directory of programs that are the real ones under strace.
    private func traced(in directory: String, strace: String) throws -> String {
        let binaries = directory + "/bin"
        try FileManager.default.createDirectory(atPath: binaries, withIntermediateDirectories: true)
        for name in SupervisedRun.services {
            let real = "\(Project.binaries)/\(name)"
            let text =
                name == "payment-gateway"
                ? "#!/bin/sh\nexec '\(real)' \"$@\"\n"
                : "#!/bin/sh\nexec '\(strace)' -D -f -qq -e trace=file,network -o '\(directory)/\(name).trace' '\(real)' \"$@\"\n"
            try text.write(toFile: "\(binaries)/\(name)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(binaries)/\(name)")
        }
        for name in ["flash-sale", "stampede"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(binaries)/\(name)", withDestinationPath: "\(Project.binaries)/\(name)")
        }
        return binaries
    }

    @Test(
        "each service writes its own database and topics, opens no other database and connects to nobody but its gateway"
    )
    func traces() async throws {
        let strace = try #require(Self.strace, "strace is needed: apt-get install strace")
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data", binaries: try traced(in: directory, strace: strace))
            try await run.whileUp {
                let report = directory + "/report.json"
                let sale = try await runProgram(
                    Project.binaries + "/flash-sale",
                    ["run", "--data", run.data, "--shoppers", "60", "--stock", "40", "--json", report])
                #expect(sale.status == 0, "\(sale.output)\n\(sale.errors)")
            }
            for (service, topic) in Self.ownTopic {
                let text = try String(contentsOfFile: "\(directory)/\(service)-service.trace", encoding: .utf8)
                let lines = text.split(separator: "\n").map(String.init)
                #expect(lines.count > 100, "\(service) was not traced")
                for objection in objections(lines, service: service, topic: topic, run) {
                    Issue.record("\(service): \(objection)")
                }
            }
        }
    }

    private func objections(_ lines: [String], service: String, topic: String, _ run: SupervisedRun) -> [String] {
        // The operator's token is made by whichever service starts first.
        let mine = ["db/\(service)", "log/\(topic)", "log/\(service).dlq", "mail", "operator.token", "traces"]
            .map { "\(run.data)/\($0)" }
        return lines.compactMap { line in
            if line.contains("connect("), line.contains("sin_port") {
                let isGateway = service == "payment" && line.contains("htons(\(run.portBase + 90))")
                return isGateway ? nil : "connects: \(line)"
            }
            guard line.contains(run.data) else { return nil }
            if line.contains("\(run.data)/db/"), !line.contains("\(run.data)/db/\(service)"),
                !line.contains("\(run.data)/db\"")
            {
                return "looks at another database: \(line)"
            }
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "rename", "unlink", "mkdir", "truncate"].contains {
                line.contains($0)
            }
            let isOwn =
                mine.contains { line.contains($0) } || line.contains("\(run.data)/db\"")
                || line.contains("\(run.data)/log\"")
            if service != "notification", line.contains("\(run.data)/mail") { return "touches the mailbox: \(line)" }
            return writes && !isOwn && !line.contains("EEXIST") ? "writes: \(line)" : nil
        }
    }
}

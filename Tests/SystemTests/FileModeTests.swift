import Foundation
import Testing
import TestSupport

/// What a run leaves on disk is nobody else's business.
@Suite("Files are closed to the world", .serialized, .timeLimit(.minutes(5)))
struct FileModeTests {
    /// The hash of a secret, for whoever has to know the secret again: a service of another user.
    private static let mayBeRead: Set = ["operator.token.sha256"]

    @Test(
        "whatever mask it is started with, a run makes no file that the world can touch, and none that others can write"
    )
    func everyFile() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data", binaries: try MaskedPrograms.make(in: directory))
            let sell = {
                let sale = try await runProgram(
                    run.binaries + "/flash-sale", ["run", "--data", run.data, "--shoppers", "40", "--stock", "30"])
                #expect(sale.status == 0, "\(sale.output)\n\(sale.errors)")
            }
            // All of them: a directory for spans is made, too.
            let environment = ["STAMPEDE_TRACE_SHARE": "1", "STAMPEDE_LOG_SEGMENT_BYTES": "65536"]
            try await run.whileUp(environment: environment) {
                try await sell()
                let archived = try await runProgram(
                    run.binaries + "/stampede", ["log", "archive", "--data", run.data])
                #expect(archived.status == 0, "\(archived.errors)")
                #expect(
                    try FileModes(below: run.data).openToTheWorld.filter { !Self.mayBeRead.contains($0.path) }.isEmpty)
            }
            let modes = try FileModes(below: run.data)
            #expect(modes.entries.count > 60, "\(modes.entries)")
            for wanted in [
                "db/order/order.db", "log/orders/commit", "mail/outbox.mbox", "traces/order.jsonl", "run", "logs",
            ] {
                #expect(modes[wanted] != nil, "\(wanted) is not there")
            }
            let open = modes.openToTheWorld.filter { !Self.mayBeRead.contains($0.path) }
            #expect(open.isEmpty, "the world can touch \(open)")
            #expect(modes.writableForOthers.isEmpty, "others can write \(modes.writableForOthers)")
            #expect(modes["operator.token"]?.permissions == 0o600)
            #expect(modes["db/order/order-token.key"]?.permissions == 0o600)

            try widen(modes, of: run)
            try await run.whileUp(environment: environment) { try await sell() }
        }
    }

    /// As a directory of a former version may be; what is secret was closed then, too.
    private func widen(_ modes: FileModes, of run: SupervisedRun) throws {
        for entry in modes.entries where !["operator.token", "db/order/order-token.key"].contains(entry.path) {
            let mode: mode_t = entry.isDirectory ? 0o755 : 0o644
            guard chmod("\(run.data)/\(entry.path)", mode) == 0 else {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
        }
    }
}

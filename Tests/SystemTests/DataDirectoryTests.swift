import Foundation
import Testing

/// A data directory that is taken away under a running shop.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DataDirectoryTests {
    enum Loss: CaseIterable {
        case removed, movedAway, replacedByEmpty, copiedBack

        var command: String {
            switch self {
            case .removed: "until rm -rf \"$DATA\"; do true; done"
            case .movedAway: "mv \"$DATA\" \"$DATA-2\""
            case .replacedByEmpty: "mv \"$DATA\" \"$DATA-2\" && mkdir \"$DATA\""
            case .copiedBack: "mv \"$DATA\" \"$DATA-2\" && cp -a \"$DATA-2\" \"$DATA\""
            }
        }
    }

    @Test(
        "no order is accepted any more, everything ends, and no new shop begins in the place", arguments: Loss.allCases)
    func taken(loss: Loss) async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/data")
            #expect(try await run.supervisor("up").status == 0)
            try await run.stock()
            #expect(try await run.order("first")?.status == 202)
            let change = try await runProgram("/bin/bash", ["-c", loss.command], environment: ["DATA": run.data])
            #expect(change.status == 0 || loss == .copiedBack, "\(change.errors)")
            var number = 0
            try await waitUntil("all have ended") {
                number += 1
                let answer = try await run.order("later-\(number)")
                #expect(answer?.status != 202, "order \(number) was accepted")
                return run.processes.isEmpty
            }
            let there = (try? FileManager.default.contentsOfDirectory(atPath: run.data)) ?? []
            #expect(there.isEmpty || loss == .copiedBack, "\(there)")
            let down = try await run.supervisor("down")
            #expect(down.status == 0, "\(down.errors)")
        }
    }

    @Test(
        "a topic that is removed under its writer ends the shop; the reason is in the log",
        arguments: ["orders", "payments"])
    func topic(name: String) async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/data")
            #expect(try await run.supervisor("up").status == 0)
            try FileManager.default.removeItem(atPath: run.data + "/log/" + name)
            try await waitUntil("all have ended") { run.processes.isEmpty }
            // Whoever looked first; the others are stopped.
            let logs = SupervisedRun.services.map(run.log).joined()
            #expect(logs.contains("/log/\(name)"), "\(logs)")
            #expect(run.log("supervisor").contains("nothing is started on what is there now"))
        }
    }

    @Test("the gateway ends with 72 where its ledger is replaced; the reason names the file")
    func ledger() async throws {
        try await withScratch { scratch in
            let outcome = try await runProgram(
                "/bin/bash",
                [
                    "-c",
                    """
                    "$BIN/payment-gateway" --data "$DATA" --port 0 2> >(tee "$LOG" >&2) & pid=$!
                    until grep -qs listening "$LOG"; do sleep 0.02; done
                    cd "$DATA/db/payment-gateway" && cp payment-gateway.db copy && mv copy payment-gateway.db
                    wait $pid; echo $?
                    """,
                ],
                environment: ["DATA": scratch + "/data", "BIN": Project.binaries, "LOG": scratch + "/log"])
            #expect(outcome.output == "72\n", "\(outcome.errors)")
            #expect(outcome.errors.contains("payment-gateway.db was replaced by another"), "\(outcome.errors)")
        }
    }

    @Test("who follows a log that is made anew is told so")
    func followed() async throws {
        try await withScratch { scratch in
            let run = try SupervisedRun(data: scratch + "/data")
            try await run.whileUp {
                try await run.stock()
                try await waitUntil("it is in the log") {
                    try await CLI.run("tail", data: run.data).output.contains("StockAdjusted")
                }
            }
            let tail = try CLI.start("tail", "--follow", data: run.data)
            _ = try await tail.read(until: "StockAdjusted")
            try FileManager.default.moveItem(atPath: run.data + "/log", toPath: scratch + "/former")
            try FileManager.default.copyItem(atPath: scratch + "/former", toPath: run.data + "/log")
            let end = await tail.end()
            #expect(end.status == 1)
            #expect(end.errors.contains("/log was replaced by another"), "\(end.errors)")
        }
    }
}

import Foundation
import Testing
import TestSupport

/// Real orders, as `flash-sale replay` plays them into a shop.
@Suite("A replay into a real shop", .serialized, .timeLimit(.minutes(5)))
struct ReplayTests {
    private struct Report: Decodable {
        struct Replay: Decodable {
            struct Line: Decodable {
                let line: Int
                let mending: String
            }

            let totalsMatch: Bool
            let mendedLines: [Line]
        }

        let verdict: String
        let replay: Replay
    }

    @Test("every oddity is played or refused on record: control characters and long clusters stop nothing")
    func oddities() async throws {
        try await withTemporaryDirectory { directory in
            let run = try SupervisedRun(data: directory + "/data")
            var file = try String(contentsOfFile: Project.root + "/Fixtures/retail/oddities.csv", encoding: .utf8)
            let cluster = "e" + String(repeating: "\u{301}", count: 2000)
            file += "200001,20001,SET OF\t3,2,2020-01-03 09:00:00,4.95,15555,EIRE\n"
            file += "200002,20002,NUL \u{0} AND DEL \u{7F},1,2020-01-03 09:00:00,4.95,15556,EIRE\n"
            file += "200003,20003,\(cluster),1,2020-01-03 09:00:00,4.95,15557,EIRE\n"
            file += "200004,20004,DEAR,1,2020-01-03 09:00:00,90000000000000.00,15558,EIRE\n"
            file += "200005,20005,MANY,9000000000000000000,2020-01-03 09:00:00,0.01,15559,EIRE\n"
            try file.write(toFile: directory + "/file.csv", atomically: false, encoding: .utf8)
            try await run.whileUp {
                let outcome = try await runProgram(
                    run.binaries + "/flash-sale",
                    ["replay", directory + "/file.csv", "--data", run.data, "--json", directory + "/report.json"])
                #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
                let report = try JSONDecoder().decode(
                    Report.self, from: Data(contentsOf: URL(fileURLWithPath: directory + "/report.json")))
                #expect(report.verdict == "VALID" && report.replay.totalsMatch)
                #expect(
                    report.replay.mendedLines.map(\.mending) == [
                        "controlCharacters", "controlCharacters", "controlCharacters", "cut",
                    ])
                #expect(outcome.output.contains("refused: priceTooHigh"))
            }
        }
    }
}

import Contracts
import Foundation
import Testing

@testable import flash_sale

@Suite("The report")
struct ReportTests {
    static func report(verdict: Verdict = .valid) -> Report {
        var latency = Latency()
        for milliseconds in 1...5_000 { latency.record(nanoseconds: Int64(milliseconds) * 1_000_000) }
        let percentiles = Report.Percentiles(latency)
        return Report(
            kind: "run", run: "sale-19a2b3c4d5e-42",
            settings: .init(
                seed: 42, arrivalSeconds: 1, products: 100, stock: "10000", declineShare: 0, patienceSeconds: 60,
                cores: 2),
            offered: 50_000, accepted: 49_990, refused: ["400 A title": 8],
            refusedSamples: ["400 A title": "{\n\"a\":1}"],
            gaveUp: 2, notSent: 0,
            outcomes: [
                "confirmed": 10_000, "soldOut": 39_990, "pending": 0, "paymentDeclined": 0, "paymentExpired": 0,
                "cancelledByCustomer": 0, "abandoned": 0, "refunded": 0,
            ],
            latencyMilliseconds: .init(
                accept: percentiles, acceptFromSend: percentiles, settle: percentiles, lateness: percentiles),
            distribution: .init(accept: latency.curve, acceptFromSend: latency.curve, settle: latency.curve),
            seconds: .init(offer: 1, firstSettled: 0.31, drain: 7.5, total: 8.5),
            timeline: [
                .init(
                    second: 0.25, offered: 12_500, sent: 9_000, accepted: 1_000, settled: 10, connected: 8_000,
                    lag: ["payment": 500, "order": 12]),
                .init(
                    second: 8.5, offered: 50_000, sent: 50_000, accepted: 49_990, settled: 49_990, connected: 0,
                    lag: ["order": 0]),
            ], interruptions: [.init(service: "order-service", from: 3.25, until: 3.75)], settledPerSecond: 5_881,
            peakConnections: 12_345, connectRetries: 17, lostAnswers: 0, unavailable: 1_234,
            services: ["order-service": .init(cpuSeconds: 4.5, peakRSSBytes: 210_000_000, processes: 2)],
            generator: .init(processes: 4, cpuSeconds: 2.75), cpuMicrosecondsPerOrder: 341.2, replay: nil,
            audit: .object([
                "verdict": .string("VALID"),
                "invariants": .array([
                    .object(["id": .integer(1), "title": .string("Nothing lost"), "holds": .bool(true)]),
                    .object([
                        "id": .integer(3), "title": .string(String(repeating: "Nothing oversold ", count: 9)),
                        "holds": .string("unknown"),
                    ]),
                ]),
            ]), remarks: [], heldUp: .init(orders: 0, holding: 0, deadLetters: 0), verdict: verdict)
    }

    @Test("on a terminal of 80 columns the text fits it, and ends with the verdict")
    func text() {
        let lines = ReportText(Self.report(), limit: 80).text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines { #expect(line.count <= 80, "\(line)") }
        #expect(lines.last == "VERDICT    VALID")
        #expect(lines.contains { $0.contains("50,000 shoppers") && $0.contains("seed 42") })
        #expect(lines.contains { $0.hasPrefix("  ✓  1") })
        #expect(lines.contains { $0.hasPrefix("  ?  3") })
    }

    @Test("in a pipe no line is cut, however long a reason or a title is")
    func whole() {
        var report = Self.report()
        let reason = "422 " + String(repeating: "a reason that is long ", count: 9) + "."
        report.refused = [reason: 8]
        let text = ReportText(report).text
        #expect(!text.contains("…"))
        #expect(text.contains(reason))
        #expect(text.contains(String(repeating: "Nothing oversold ", count: 9)))
        #expect(ReportText(report, limit: 120).text.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test(
        "pending orders are shown as such: no 'all after', a line of their own, and what holds them up by the verdict")
    func pending() {
        var report = Self.report()
        #expect(!ReportText(report).text.contains("Pending"))
        report.outcomes["pending"] = 3
        report.heldUp = .init(orders: 3, holding: 2, deadLetters: 2)
        let text = ReportText(report, limit: 80).text
        let lines = text.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("Pending") && $0.contains(" 3 ") && $0.contains("dlq list") })
        #expect(!text.contains("all after") && text.contains("last after"))
        #expect(lines.last == "VERDICT    VALID  3 orders held up by 2 dead letters")
        #expect(ReportPage(report).html.contains("VALID  3 orders held up by 2 dead letters"))
    }

    @Test("the JSON holds every documented key, and every key is documented")
    func keys() throws {
        var report = Self.report()
        report.replay = ReplayReport(
            file: "f.csv", invoices: .init(), lines: .init(), confirmedPence: 1, expectedPence: 1, unsoldPence: 0,
            pendingPence: 0, totalsMatch: true,
            invoiceList: [.init(invoice: "1", fate: .accepted, reason: "r", order: "o", total: 1, cancels: "c")],
            refusedLines: [.init(line: 2, invoice: "1", reason: .adjustmentCode)],
            mendedLines: [.init(line: 3, invoice: "1", mending: .cut)])
        let json = try JSONDecoder().decode(JSONValue.self, from: try report.encoded())
        let page = String(decoding: try repositoryFile("docs/reference/flash-sale-report.md"), as: UTF8.self)
        func paths(_ value: JSONValue, _ prefix: String) -> [String] {
            switch value {
            case .object(let members):
                members.flatMap { [prefix + $0.key] + paths($0.value, prefix + $0.key + ".") }
            case .array(let elements): elements.first.map { paths($0, prefix) } ?? []
            default: []
            }
        }
        let free = ["audit.", "outcomes.", "refused.", "refusedSamples.", "services.order-service", "timeline.lag."]
        for path in paths(json, "") where !free.contains(where: { path.hasPrefix($0) }) {
            #expect(page.contains("`\(path)`"), "\(path) is not documented")
        }
    }

    @Test("figures read as people read them")
    func figures() {
        #expect(Figures.grouped(0) == "0")
        #expect(Figures.grouped(1_234_567) == "1,234,567")
        #expect(Figures.grouped(-1_000) == "-1,000")
        #expect(Figures.fixed(0.05, 1) == "0.1")
        #expect(Figures.fixed(12_345.678, 2) == "12,345.68")
        #expect(Figures.fixed(-0.25, 2) == "-0.25")
        #expect(Figures.pounds(5) == "£0.05")
        #expect(Figures.pounds(-123_456_789) == "-£1,234,567.89")
    }

    @Test("progress fits 80 columns at any size")
    func progress() {
        var tally = Tally()
        tally.sent = 4_999_999
        tally.accepted = 4_999_999
        let line = ProgressState(seconds: 12_345.6, tally: tally, settled: 4_000_000).line
        #expect(line.count <= 80)
        #expect(line.contains("in flight 999,999"))
    }

    @Test("progress is redrawn on a terminal alone, and bold only without NO_COLOR")
    func display() {
        #expect(!ProgressDisplay(environment: [:], isTerminal: false).redraws)
        #expect(ProgressDisplay(environment: [:], isTerminal: true).bold)
        #expect(!ProgressDisplay(environment: ["NO_COLOR": "1"], isTerminal: true).bold)
        #expect(!ProgressDisplay(environment: ["TERM": "dumb"], isTerminal: true).redraws)
    }

    @Test(
        "the audit's exit code is its verdict; anything else is UNKNOWN with a reason",
        arguments: [
            (Int32?(0), "{\"verdict\":\"VALID\"}", Verdict.valid), (3, "{\"verdict\":\"INVALID\"}", .invalid),
            (4, "{\"verdict\":\"UNKNOWN\"}", .unknown),
            (4, "{\"verdict\":\"NOTHING TO JUDGE\"}", .nothingToJudge), (1, "", .unknown), (nil, "", .unknown),
            (0, "oops", .unknown),
            (0, "{\"verdict\":\"INVALID\"}", .unknown), (4, "{\"verdict\":\"VALID\"}", .unknown),
            (3, "{\"verdict\":\"VALID\"}", .invalid),
        ])
    func audits(exitCode: Int32?, output: String, verdict: Verdict) {
        let finding = AuditFinding(exitCode: exitCode, output: output, errors: "last words\n")
        #expect(finding.verdict == verdict)
        let isClear = output.contains(verdict.rawValue + "\"")
        #expect((finding.failure == nil) == isClear)
    }
}

/// A file of the repository.
func repositoryFile(_ path: String) throws -> Data {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try Data(contentsOf: root.appendingPathComponent(path))
}

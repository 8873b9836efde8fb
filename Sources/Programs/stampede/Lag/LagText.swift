import CommandLineKit
import Contracts

/// The lag for a terminal: a line a consumer and topic, and what waits although it was read.
struct LagText {
    let report: LagReport

    func lines(width: Int, style: Style) -> [String] {
        var table = Table([
            .init(title: "CONSUMER"), .init(title: "TOPIC"),
            .init(title: "BEHIND", alignment: .right), .init(title: "FOR", alignment: .right),
            .init(title: "READ/S", alignment: .right), .init(title: "COMING/S", alignment: .right),
            .init(title: "DONE IN", alignment: .right), .init(title: "AGE", alignment: .right),
        ])
        for row in report.rows where isWorthALine(row) {
            let isBehind = row.reading.behind != 0
            table.add([
                .init(row.reading.service.rawValue), .init(row.reading.topic.name),
                .init(row.reading.behind.map { Words.count($0) } ?? "?", isBehind ? .warning : nil),
                .init(isBehind ? row.reading.secondsBehind.map { Words.duration(seconds: $0) } ?? "?" : "-"),
                .init(rate(row.rate)), .init(rate(row.arrivals)), catchingUp(row),
                .init(Words.seconds(report.age(row)), report.age(row) > Self.oldAge ? .warning : nil),
            ])
        }
        return table.lines(width: width, style: style)
            + obstacles(width, style)
            + report.rows.compactMap(parked).map { style.paint(style.fitted($0, to: width), .warning) }
    }

    /// Seconds up to which something is of the present.
    private static let oldAge = 2.0

    /// Desks' topics are quiet on a usual day.
    private func isWorthALine(_ row: LagReport.Row) -> Bool {
        !ServiceName.allCases.map(\.deadLetterTopic).contains(row.reading.topic) || row.reading.behind != 0
    }

    private func rate(_ value: Double?) -> String { value.map { Words.count(Int64($0.rounded())) } ?? "?" }

    private func catchingUp(_ row: LagReport.Row) -> Table.Cell {
        if row.reading.behind == 0 { return "-" }
        if report.obstacle(of: row) != nil { return .init("stands", .bad) }
        if let seconds = row.secondsToCatchUp { return .init(Words.duration(seconds: seconds)) }
        // What is read as it comes is behind by what came this moment.
        if let seconds = row.reading.secondsBehind, seconds < Self.oldAge { return "keeps up" }
        return row.rate == nil ? "?" : .init("never", .bad)
    }

    /// What keeps services from reading, and what to type.
    private func obstacles(_ width: Int, _ style: Style) -> [String] {
        report.obstacles.flatMap { service, reason in
            TerminalText.wrapped("\(service.rawValue): \(TerminalText.safe(reason.text))", to: width)
                .map { style.paint($0, .warning) } + reason.commands.map { "  Type: \(CommandHints.command($0))" }
        }
    }

    private func parked(_ row: LagReport.Row) -> String? {
        guard row.reading.parked > 0 else { return nil }
        let age = row.reading.parkedSeconds.map { ", the oldest for \(Words.duration(seconds: $0))" } ?? ""
        return "\(row.reading.service.rawValue) holds \(Words.counted(row.reading.parked, "event")) of "
            + "\(row.reading.topic) parked\(age)"
    }
}

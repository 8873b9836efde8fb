import CommandLineKit
import Contracts

/// The report for people: aligned, cut to the terminal's width and nowhere else, the verdict last.
struct ReportText {
    /// Columns that lines of figures keep to, and remarks are wrapped at.
    static let width = 80
    private static let label = 11

    private let report: Report
    /// Columns of the terminal; `nil` for a pipe or a file, whose lines are not cut.
    private let limit: Int?

    init(_ report: Report, limit: Int? = nil) {
        self.report = report
        self.limit = limit
    }

    var text: String {
        [title, counts, latencies, connections, processes, refusals, replay, audit, verdict]
            .filter { !$0.isEmpty }
            .map { $0.map { fitted($0) }.joined(separator: "\n") }
            .joined(separator: "\n\n")
    }

    // MARK: Sections

    private var title: [String] {
        var parts = [
            report.kind == "run" ? "FLASH SALE" : "REPLAY",
            report.kind == "run"
                ? "\(Figures.grouped(report.offered)) shoppers in \(Figures.seconds(report.settings.arrivalSeconds))"
                : "\(Figures.grouped(report.offered)) orders",
            "stock \(report.settings.stock)",
        ]
        if let seed = report.settings.seed { parts.append("seed \(seed)") }
        parts.append("\(report.settings.cores) cores")
        return [parts.joined(separator: "  "), "run \(report.run)"]
    }

    private var counts: [String] {
        let seconds = report.seconds
        let settled = report.outcomes.reduce(0) { $0 + ($1.key == "pending" ? 0 : $1.value) }
        var settledLine = "\(column(settled))   \(Figures.fixed(report.settledPerSecond, 0))/s"
        if let first = seconds.firstSettled {
            let last = pending > 0 ? "last" : "all"
            settledLine +=
                "   first after \(Figures.fixed(first, 2)) s, \(last) after \(Figures.seconds(seconds.total))"
        }
        let refused = report.refused.values.reduce(0, +)
        return [
            row(
                "Offered",
                "\(column(report.offered))   in \(Figures.seconds(seconds.offer))   not sent \(Figures.grouped(report.notSent))"
            ),
            row(
                "Accepted",
                "\(column(report.accepted))   refused \(Figures.grouped(refused))   gave up \(Figures.grouped(report.gaveUp))"
            ),
            row("Settled", settledLine),
        ] + (pending > 0 ? [row("Pending", "\(column(pending))   have no outcome yet\(whyPending)")] : [])
            + wrapped("Outcome", outcomeParts)
    }

    private var pending: Int { report.outcomes["pending", default: 0] }

    private var whyPending: String {
        report.heldUp.orders > 0 ? "; held up: " + CommandHints.command("stampede dlq list") : ""
    }

    private var outcomeParts: [String] {
        report.outcomes.filter { $0.value > 0 || $0.key == OrderOutcome.confirmed || $0.key == "pending" }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \(Figures.grouped($0.value))" }
    }

    private var latencies: [String] {
        let all = report.latencyMilliseconds
        let head = ["p50", "p90", "p99", "p99.9", "max"].map { $0.leftPadded(to: 10, with: " ") }.joined()
        return ["Latency in ms, counted from the intended send", String(repeating: " ", count: 13) + head]
            + [("accept", all.accept), ("settle", all.settle), ("sent late", all.lateness)].map { name, percentiles in
                "  \(name)".rightPadded(to: 13)
                    + [percentiles.p50, percentiles.p90, percentiles.p99, percentiles.p999, percentiles.max]
                    .map { Figures.milliseconds($0).leftPadded(to: 10, with: " ") }.joined()
            }
    }

    private var connections: [String] {
        [
            row("Connected", "\(column(report.peakConnections))   at once at most"),
            row(
                "Retries",
                "\(column(report.connectRetries))   connects   \(Figures.grouped(report.lostAnswers)) lost answers   \(Figures.grouped(report.unavailable)) times 503"
            ),
        ]
    }

    private var processes: [String] {
        var lines = [
            "Process".rightPadded(to: 24) + "CPU".leftPadded(to: 9, with: " ")
                + "peak RSS".leftPadded(to: 13, with: " ")
        ]
        for (name, usage) in report.services.sorted(by: { $0.key < $1.key }) {
            let again = usage.processes > 1 ? "   \(usage.processes) processes" : ""
            lines.append(
                "  \(name)".rightPadded(to: 24)
                    + Figures.fixed(usage.cpuSeconds, 2).leftPadded(to: 7, with: " ") + " s"
                    + Figures.megabytes(usage.peakRSSBytes).leftPadded(to: 13, with: " ") + again)
        }
        lines.append(
            "  flash-sale".rightPadded(to: 24)
                + Figures.fixed(report.generator.cpuSeconds, 2).leftPadded(to: 7, with: " ") + " s"
                + "   \(report.generator.processes) processes".leftPadded(to: 13, with: " "))
        lines.append(
            "  " + Figures.fixed(report.cpuMicrosecondsPerOrder, 0)
                + " µs of CPU an accepted order, everything together")
        return lines
    }

    private var refusals: [String] {
        guard !report.refused.isEmpty else { return [] }
        var lines = ["Refused"]
        for (reason, count) in report.refused.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            lines.append("  \(column(count))   \(reason)")
            if let sample = report.refusedSamples[reason] { lines.append("            first: \(sample)") }
        }
        return lines
    }

    private var replay: [String] {
        guard let replay = report.replay else { return [] }
        var lines = ["Replayed \(replay.file)"] + account("Invoices", replay.invoices) + account("Lines", replay.lines)
        lines += named(replay.refusedLines.map { "line \($0.line) refused: \($0.reason.rawValue)" })
        lines += named(replay.mendedLines.map { "line \($0.line) mended: \($0.mending.rawValue)" })
        let (confirmed, expected) = (Figures.pounds(replay.confirmedPence), Figures.pounds(replay.expectedPence))
        lines.append(row("Confirmed", "\(confirmed)   in the log, \(replay.confirmedPence) pence"))
        let unsold = Figures.pounds(replay.unsoldPence)
        lines.append(row("Expected", "\(expected)   from the file, less \(unsold) that the shop cancelled"))
        if replay.pendingPence != 0 {
            lines.append(row("", "less \(Figures.pounds(replay.pendingPence)) that have no outcome yet"))
        }
        return lines + [row("", replay.totalsMatch ? "the totals match" : "THE TOTALS DIFFER")]
    }

    /// The first of many; the JSON has all.
    private func named(_ lines: [String]) -> [String] {
        let most = 5
        let more = lines.count > most ? [row("", "and \(lines.count - most) more lines: see --json")] : []
        return lines.prefix(most).map { row("", $0) } + more
    }

    private func account(_ name: String, _ account: ReplayReport.Account) -> [String] {
        let cancellations = account.cancellations
        var lines = [
            row(name, "\(column(account.read))   read"),
            row("", "\(column(account.accepted))   accepted"),
        ]
        func add(_ count: Int, _ text: String) {
            if count > 0 { lines.append(row("", "\(column(count))   \(text)")) }
        }
        for (reason, count) in account.refused.sorted(by: { $0.key < $1.key }) { add(count, "refused: \(reason)") }
        add(cancellations.matched, "cancellations carried out")
        add(cancellations.partial, "cancellations of a part, refused as such")
        add(cancellations.unmatched, "cancellations that match no order")
        for (reason, count) in cancellations.refused.sorted(by: { $0.key < $1.key }) {
            add(count, "cancellations refused: \(reason)")
        }
        return lines
    }

    private var audit: [String] {
        guard let invariants = report.audit?["invariants"]?.elements, !invariants.isEmpty else { return [] }
        var lines = ["AUDIT"]
        for invariant in invariants {
            let mark =
                switch invariant["holds"] {
                case .bool(true): "✓"
                case .bool(false): "✗"
                default: "?"
                }
            let number =
                switch invariant["id"] {
                case .integer(let number): String(number)
                case .string(let text): text
                default: ""
                }
            lines.append("  \(mark) \(number.leftPadded(to: 2, with: " "))  \(invariant["title"]?.text ?? "")")
        }
        return lines
    }

    private var verdict: [String] {
        report.remarks.flatMap { wrapped("Remark", $0.split(separator: " ").map(String.init), separator: " ") }
            + [row("VERDICT", report.verdictLine)]
    }

    // MARK: Columns

    private func row(_ name: String, _ value: String) -> String {
        name.rightPadded(to: Self.label) + value
    }

    private func column(_ number: Int) -> String {
        Figures.grouped(number).leftPadded(to: 9, with: " ")
    }

    /// Parts on as many lines as they need.
    private func wrapped(_ name: String, _ parts: [String], separator: String = " | ") -> [String] {
        var lines: [String] = []
        var line = ""
        for part in parts {
            if !line.isEmpty, Self.label + line.count + separator.count + part.count > Self.width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? part : separator + part
        }
        return (lines + [line]).enumerated().map { row($0.offset == 0 ? name : "", $0.element) }
    }

    private func fitted(_ line: String) -> String {
        let printable = String(line.map { $0.isNewline ? " " : $0 })
        guard let limit, printable.count > limit else { return printable }
        return printable.prefix(limit - 1) + "…"
    }
}

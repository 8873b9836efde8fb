import Contracts

/// The report as one page of HTML that needs nothing else: no script, no request, light or dark as the reader's system is.
///
/// It shows what `Report` holds, as the text and the JSON do, and calculates nothing of its own.
struct ReportPage {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    var html: String {
        let page: Markup = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>\(ReportStyle.css)</style>
            </head>
            <body>
            <header><h1>\(title)</h1><p class="verdict \(style(report.verdict))">\(report.verdictLine)</p></header>
            <main>
            \(sections)
            </main>
            <footer>Run \(report.run). Times count from the instant at which the doors open; latencies from when each shopper \
            meant to come. The same figures: the report as text, and with --json FILE.</footer>
            </body>
            </html>

            """
        return page.html
    }

    private func style(_ verdict: Verdict) -> String {
        switch verdict {
        case .valid: "valid"
        case .invalid: "invalid"
        case .unknown, .nothingToJudge: "unknown"
        }
    }

    private var title: String {
        report.kind == "run"
            ? "Flash sale: \(Figures.grouped(report.offered)) shoppers in \(Figures.seconds(report.settings.arrivalSeconds))"
            : "Replay: \(Figures.grouped(report.offered)) orders"
    }

    private var sections: [Markup] {
        [summary, remarks, course, latency, outcomes, processes, replay, audit].compactMap(\.self)
    }

    // MARK: Sections

    private var summary: Markup {
        let seconds = report.seconds
        let settled = report.outcomes.reduce(0) { $0 + ($1.key == "pending" ? 0 : $1.value) }
        let refused = report.refused.values.reduce(0, +)
        return """
            <section class="tiles" aria-label="In short">
            \(tile("Offered", report.offered, "in \(Figures.seconds(seconds.offer)); not sent \(Figures.grouped(report.notSent))"))
            \(tile(
                "Accepted", report.accepted,
                "refused \(Figures.grouped(refused)); gave up \(Figures.grouped(report.gaveUp))"))
            \(tile(
                "Settled", settled,
                "\(Figures.fixed(report.settledPerSecond, 0)) a second; \(pending > 0 ? "last" : "all") after \(Figures.seconds(seconds.total))"))
            \(tile(
                "Processor time", Int(report.cpuMicrosecondsPerOrder.rounded()),
                "µs an accepted order, on \(report.settings.cores) cores, everything together"))
            </section>
            """
    }

    private var pending: Int { report.outcomes["pending", default: 0] }

    private func tile(_ name: String, _ number: Int, _ detail: String) -> Markup {
        "<div class=\"tile\"><h2>\(name)</h2><p class=\"big\">\(Figures.grouped(number))</p><p>\(detail)</p></div>"
    }

    private var remarks: Markup? {
        guard !report.remarks.isEmpty else { return nil }
        return section("Remarks", "<ul>\(report.remarks.map { "<li>\($0)</li>" as Markup })</ul>")
    }

    private var course: Markup? {
        guard !report.timeline.isEmpty else { return nil }
        let charts = ReportCharts(report)
        let interruptions = report.interruptions.map { interruption -> Markup in
            let until = interruption.until.map { "\(Figures.fixed($0, 2)) s" } ?? "the end"
            return "<tr><td>\(interruption.service)</td>\(number(interruption.from, 2))<td>\(until)</td></tr>"
        }
        let table: Markup = """
            <details><summary>Services that were not there (\(report.interruptions.count))</summary>
            \(self.table(["Service", "#From, s", "Until"], interruptions))</details>
            """
        return section(
            "How it went",
            "\(charts.progress.markup)\(charts.lag.map { [$0.markup] } ?? [])\(interruptions.isEmpty ? "" : table)")
    }

    private var latency: Markup {
        let all = report.latencyMilliseconds
        let rows = [
            ("accept, from when the shopper meant to come", all.accept),
            ("accept, from the first request", all.acceptFromSend),
            ("outcome, from when the shopper meant to come", all.settle),
            ("how late the generator was", all.lateness),
        ].map { name, percentiles -> Markup in
            let cells = [percentiles.p50, percentiles.p90, percentiles.p99, percentiles.p999, percentiles.max]
                .map { "<td class=\"number\">\(Figures.milliseconds($0))</td>" as Markup }
            return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>"
        }
        let table = table(["Milliseconds", "#p50", "#p90", "#p99", "#p99.9", "#greatest"], rows)
        return section("How long it took", "\(ReportCharts(report).percentiles.markup)\(table)")
    }

    private var outcomes: Markup {
        let outcomes = report.outcomes.filter { $0.value > 0 || $0.key == OrderOutcome.confirmed }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "<tr><th scope=\"row\">\($0.key)</th>\(number($0.value))</tr>" as Markup }
        let refused = report.refused.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { reason, count -> Markup in
            "<tr><th scope=\"row\">\(reason)</th>\(number(count))<td>\(report.refusedSamples[reason] ?? "")</td></tr>"
        }
        let connections = [
            ("connections at once, at most", report.peakConnections), ("connects tried again", report.connectRetries),
            ("answers lost, asked again", report.lostAnswers), ("answers 503", report.unavailable),
        ].map { "<tr><th scope=\"row\">\($0.0)</th>\(number($0.1))</tr>" as Markup }
        return section(
            "What came of it",
            """
            \(table(["Outcome of accepted orders", "#orders"], outcomes))
            \(refused.isEmpty ? "" : table(["Refused", "#orders", "first answer"], refused))
            \(table(["On the line", "#times"], connections))
            """)
    }

    private var processes: Markup {
        let services = report.services.sorted { $0.key < $1.key }.map { name, usage -> Markup in
            """
            <tr><th scope="row">\(name)</th>\(number(usage.cpuSeconds, 2))\
            <td class="number">\(Figures.megabytes(usage.peakRSSBytes))</td>\(number(usage.processes))</tr>
            """
        }
        let generator: Markup = """
            <tr><th scope="row">flash-sale</th>\(number(report.generator.cpuSeconds, 2))<td></td>\
            \(number(report.generator.processes))</tr>
            """
        return section(
            "Processes", table(["Process", "#CPU, s", "#peak memory", "#processes"], services + [generator]))
    }

    private var replay: Markup? {
        guard let replay = report.replay else { return nil }
        let rows = [
            ("confirmed, in the log", Figures.pounds(replay.confirmedPence)),
            ("expected, from the file", Figures.pounds(replay.expectedPence)),
            ("cancelled by the shop, left out above", Figures.pounds(replay.unsoldPence)),
            ("without outcome yet, left out above", Figures.pounds(replay.pendingPence)),
            ("invoices read", Figures.grouped(replay.invoices.read)),
            ("invoices accepted", Figures.grouped(replay.invoices.accepted)),
            ("lines read", Figures.grouped(replay.lines.read)),
            ("lines accepted", Figures.grouped(replay.lines.accepted)),
        ].map { "<tr><th scope=\"row\">\($0.0)</th><td class=\"number\">\($0.1)</td></tr>" as Markup }
        let word = replay.totalsMatch ? "The totals match." : "The totals differ."
        return section("The file \(replay.file)", "<p>\(word)</p>\(table(["What", "#figure"], rows))")
    }

    private var audit: Markup? {
        guard let invariants = report.audit?["invariants"]?.elements, !invariants.isEmpty else { return nil }
        let rows = invariants.map { invariant -> Markup in
            let (word, style): (String, String) =
                switch invariant["holds"] {
                case .bool(true): (Truth.yes.word, "valid")
                case .bool(false): (Truth.no.word, "invalid")
                default: (Truth.unknown.word, "unknown")
                }
            let number =
                switch invariant["id"] {
                case .integer(let number): String(number)
                case .string(let text): text
                default: ""
                }
            return """
                <tr><td class="number">\(number)</td><th scope="row">\(invariant["title"]?.text ?? "")</th>\
                <td class="\(style)">\(word)</td></tr>
                """
        }
        return section("The audit", table(["#", "Invariant", "Verdict"], rows))
    }

    // MARK: Parts

    private func section(_ title: String, _ content: Markup) -> Markup {
        "<section class=\"card\"><h2>\(title)</h2>\n\(content)\n</section>"
    }

    /// - Parameter heads: one that begins with # is of numbers.
    private func table(_ heads: [String], _ rows: [Markup]) -> Markup {
        let cells = heads.map { head -> Markup in
            head.count > 1 && head.hasPrefix("#")
                ? "<th scope=\"col\" class=\"number\">\(String(head.dropFirst()))</th>"
                : "<th scope=\"col\">\(head)</th>"
        }
        return """
            <div class="scroll" tabindex="0" role="group" aria-label="\(heads.last ?? "")">\
            <table><thead><tr>\(cells)</tr></thead><tbody>
            \(rows)
            </tbody></table></div>
            """
    }

    private func number(_ number: Int) -> Markup { "<td class=\"number\">\(Figures.grouped(number))</td>" }

    private func number(_ number: Double, _ decimals: Int) -> Markup {
        "<td class=\"number\">\(Figures.fixed(number, decimals))</td>"
    }
}

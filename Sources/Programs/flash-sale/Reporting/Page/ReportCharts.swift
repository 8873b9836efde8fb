/// What of a report is drawn.
struct ReportCharts {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    var progress: LineChart {
        let moments = report.timeline
        func line(_ name: String, _ count: (Report.Moment) -> Int) -> LineChart.Line {
            .init(name: name, points: [(0, 0)] + moments.map { ($0.second, Double(count($0))) })
        }
        let last = moments.last
        return LineChart(
            title: "Shoppers, from offered to settled",
            description: """
                Of \(Figures.grouped(report.offered)) offered, \(Figures.grouped(last?.accepted ?? 0)) were accepted and \
                \(Figures.grouped(last?.settled ?? 0)) settled after \(Figures.seconds(last?.second ?? 0)).
                """,
            lines: [
                line("offered", \.offered), line("sent", \.sent), line("accepted", \.accepted),
                line("settled", \.settled), line("connected at once", \.connected),
            ], bands: bands, xName: "seconds since the doors opened", yName: "shoppers")
    }

    /// Nil where no service ever told.
    var lag: LineChart? {
        let services = Set(report.timeline.flatMap(\.lag.keys)).sorted()
        guard !services.isEmpty else { return nil }
        let most = services.compactMap { service in
            report.timeline.compactMap { $0.lag[service] }.max().map { "\(service) \(Figures.grouped($0))" }
        }
        return LineChart(
            title: "Events that each service had yet to read",
            description: "At most: \(most.joined(separator: ", ")).",
            lines: services.map { service in
                .init(name: service, points: report.timeline.map { ($0.second, $0.lag[service].map(Double.init)) })
            }, bands: bands, xName: "seconds since the doors opened", yName: "events")
    }

    var percentiles: LineChart {
        func line(_ name: String, _ points: [Report.Distribution.Point]) -> LineChart.Line {
            .init(name: name, points: points.map { ($0.percentile, $0.milliseconds) })
        }
        let all = report.latencyMilliseconds
        return LineChart(
            title: "Latency by percentile",
            description: """
                Half of all orders were accepted within \(Figures.milliseconds(all.accept.p50)) ms of when their shopper meant \
                to come, 99 % within \(Figures.milliseconds(all.accept.p99)) ms; half had their outcome within \
                \(Figures.milliseconds(all.settle.p50)) ms, 99 % within \(Figures.milliseconds(all.settle.p99)) ms.
                """,
            lines: [
                line("accepted, from when the shopper meant to come", report.distribution.accept),
                line("accepted, from the first request", report.distribution.acceptFromSend),
                line("settled, from when the shopper meant to come", report.distribution.settle),
            ], scale: .nines, xName: "percentile", yName: "ms")
    }

    private var bands: [LineChart.Band] {
        report.interruptions.map { interruption in
            let end = interruption.until ?? report.timeline.last?.second ?? interruption.from
            return LineChart.Band(
                name: "\(interruption.service), \(Figures.fixed(interruption.from, 2)) to \(Figures.fixed(end, 2)) s",
                from: interruption.from, until: end)
        }
    }
}

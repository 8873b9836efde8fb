import Contracts
import Foundation
import Testing

@testable import flash_sale

@Suite("The report as a page")
struct ReportPageTests {
    @Test("tells what the text tells, from the same figures")
    func figures() {
        let report = ReportTests.report()
        let page = ReportPage(report).html
        for figure in ["50,000", "49,990", "5,881 a second", "12,345", "1,234", "210.0 MB", "VALID", "Nothing lost"] {
            #expect(page.contains(figure), "\(figure) is missing")
            let text = ReportText(report).text
            #expect(figure.hasSuffix("a second") || text.contains(figure), "\(figure) is not in the text")
        }
        #expect(page.contains("order-service, 3.25 to 3.75 s"))
    }

    @Test("takes text from outside for text, never for markup")
    func escapes() {
        var report = ReportTests.report()
        report.refused = ["400 <script>alert(1)</script>": 1]
        report.refusedSamples = ["400 <script>alert(1)</script>": "\"><img src=x onerror=alert(1)>&'"]
        report.remarks = ["<b>bold</b>"]
        report.run = "</footer><script>"
        let page = ReportPage(report).html
        for forbidden in ["<script", "<img", "<b>", "</footer><"] { #expect(!page.contains(forbidden), "\(forbidden)") }
        #expect(page.contains("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;&#39;"))
    }

    @Test("asks nobody for anything")
    func offline() {
        let page = ReportPage(ReportTests.report()).html
        for word in ["http:", "https:", "src=", "<link", "@import", "url("] { #expect(!page.contains(word), "\(word)") }
        #expect(page.contains("default-src 'none'"))
    }

    @Test("leaves a gap where a service gave no answer, and does not draw what nobody told")
    func gaps() throws {
        var report = ReportTests.report()
        let lag = try #require(ReportCharts(report).lag)
        try #require(lag.lines.map(\.name) == ["order", "payment"])
        #expect(lag.lines[1].points.map(\.y) == [500, nil])
        report.timeline = report.timeline.map {
            var moment = $0
            moment.lag = [:]
            return moment
        }
        #expect(ReportCharts(report).lag == nil)
    }

    @Test("a moment counts whoever had come by then, and whose outcome is not later")
    func moments() {
        var observation = Observation(usage: ProcessUsage(runDirectory: "/nowhere"))
        for look in 0..<1_000 {
            var tally = Tally()
            tally.accepted = look
            observation.samples.append(.init(seconds: Double(look) / 4, tally: tally, lag: [:]))
        }
        let timeline = observation.timeline(
            intended: (0..<100).map { $0 * 1_000_000_000 }, settled: [50.1, 3, 99], seconds: 100)
        #expect(timeline.count <= Observation.maximumMoments)
        #expect(timeline.last?.second == 100)
        #expect(timeline.last?.offered == 100)
        #expect(timeline.last?.settled == 3)
        for moment in timeline {
            #expect(moment.offered == min(100, Int(moment.second) + 1))
            #expect(moment.settled == [3, 50.1, 99].count { $0 <= moment.second })
            #expect(moment.accepted == Int(moment.second * 4))
        }
    }

    @Test("a curve rises, and ends where nobody is beyond")
    func curve() {
        var latency = Latency()
        #expect(latency.curve.isEmpty)
        for milliseconds in 1...1_000 { latency.record(nanoseconds: Int64(milliseconds) * 1_000_000) }
        let curve = latency.curve
        #expect(curve.map(\.milliseconds) == curve.map(\.milliseconds).sorted())
        #expect(curve.last?.percentile == 99.9)
    }

    @Test("an axis marks round values, and gives each nine the same room")
    func axis() {
        #expect(Axis(upTo: 36, pixels: 100).ticks == [0, 10, 20, 30])
        #expect(Axis(upTo: 50_000, pixels: 100).ticks == [0, 10_000, 20_000, 30_000, 40_000, 50_000])
        #expect(Axis(upTo: 0, pixels: 100).position(0) == 0)
        let nines = Axis(.nines, upTo: 99.9, pixels: 300)
        for (percentile, pixels) in [(0.0, 0.0), (90, 100), (99, 200), (99.9, 300)] {
            #expect(abs(nines.position(percentile) - pixels) < 0.001)
        }
    }
}

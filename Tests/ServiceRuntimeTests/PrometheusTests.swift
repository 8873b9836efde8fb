import CoreMetrics
import Delivery
import Foundation
import Testing

@testable import ServiceRuntime

@Suite("Metrics for Prometheus")
struct PrometheusTests {
    private let registry = PrometheusRegistry()

    private func lines(_ prefix: String) -> [String] {
        registry.text().split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    @Test("counted from many threads at once, nothing is lost")
    func concurrent() async {
        let counter = registry.makeCounter(label: "a_total", dimensions: [("service", "x")])
        let timer = registry.makeTimer(label: "messaging_process_duration_seconds", dimensions: [])
        let gauge = registry.makeMeter(label: "g", dimensions: [])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5000 {
                        counter.increment(by: 1)
                        timer.recordNanoseconds(1_000_000)
                        gauge.increment(by: 0.5)
                    }
                }
            }
        }
        #expect(lines("a_total") == [#"a_total{service="x"} 40000"#])
        #expect(lines("messaging_process_duration_seconds_count") == ["messaging_process_duration_seconds_count 40000"])
        #expect(lines("messaging_process_duration_seconds_sum") == ["messaging_process_duration_seconds_sum 40.0"])
        #expect(lines("g ") == ["g 20000.0"])
    }

    @Test("buckets add up, each value in the first that is large enough")
    func buckets() {
        let recorder = registry.makeRecorder(label: "stampede_outbox_batch_events", dimensions: [], aggregate: true)
        for value in [1, 2, 3, 1024, 5000] { recorder.record(Int64(value)) }
        let counts = lines("stampede_outbox_batch_events_bucket").map { $0.split(separator: " ").last.map(String.init) }
        #expect(counts == ["1", "2", "3", "3", "3", "3", "3", "3", "3", "3", "4", "5"])
        #expect(lines("stampede_outbox_batch_events_sum") == ["stampede_outbox_batch_events_sum 6030.0"])
    }

    @Test("the same name and labels are the same series; another kind under the name is not shown")
    func same() {
        registry.makeCounter(label: "b_total", dimensions: [("k", "v")]).increment(by: 2)
        registry.makeCounter(label: "b_total", dimensions: [("k", "v")]).increment(by: 3)
        registry.makeMeter(label: "b_total", dimensions: [("k", "v")]).set(9.0)
        #expect(lines("b_total") == [#"b_total{k="v"} 5"#])
    }

    @Test("a label's text is escaped")
    func escaped() {
        registry.makeMeter(label: "e", dimensions: [("k", "a\"b\\c\nd")]).set(1.0)
        #expect(lines("e{") == [#"e{k="a\"b\\c\nd"} 1.0"#])
    }

    private struct Source: MetricSource {
        let value: Double?

        func measure() throws -> [MetricSample] {
            guard let value else { throw Missing() }
            return [MetricSample(RuntimeMetrics.openLetters, "order", value: value)]
        }

        struct Missing: Error {}
    }

    @Test("a scrape measures at that moment; what cannot be measured is left out, the rest is there")
    func scrape() async {
        registry.add(Source(value: nil))
        registry.add(Source(value: 3))
        let text = await registry.scrape()
        #expect(text.contains("\nstampede_open_dead_letters{service=\"order\"} 3\n"))
        #expect(!registry.text().contains("stampede_open_dead_letters"))
    }
}

@Suite("The catalogue of metrics")
struct MetricCatalogTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/reference/metrics.md")

    @Test("docs/reference/metrics.md says what the definitions say")
    func documented() throws {
        if ProcessInfo.processInfo.environment["STAMPEDE_WRITE_DOCS"] != nil {
            try MetricCatalog.page.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(
            written == MetricCatalog.page, "make it anew: STAMPEDE_WRITE_DOCS=yes Scripts/test --filter MetricCatalog")
    }

    @Test("the alert rules speak of metrics that there are")
    func rules() throws {
        let rules = try String(
            contentsOf: Self.page.deletingLastPathComponent().appendingPathComponent(
                "../../Fixtures/prometheus/rules.yml"), encoding: .utf8)
        let named = Set(rules.matches(of: /\b(stampede|messaging|process|http)_[a-z_]+/).map { String($0.output.0) })
        #expect(named.count >= 7)
        #expect(named.isSubset(of: MetricCatalog.all.flatMap { [$0.name] + $0.labels }))
    }

    @Test("names are unique, in base units, and end as their kind ends")
    func names() {
        let names = MetricCatalog.all.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in MetricCatalog.all {
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(!metric.name.contains("milli") && !metric.name.contains("micro"), "\(metric.name)")
            #expect(!metric.help.isEmpty && !metric.help.hasSuffix("."), "\(metric.name)")
            #expect(metric.labels.allSatisfy { !["order", "order_id", "customer", "event_id"].contains($0) })
            if case .histogram(let bounds) = metric.kind {
                #expect(bounds == bounds.sorted() && !bounds.isEmpty, "\(metric.name)")
            }
        }
    }
}

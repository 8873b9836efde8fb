package import CoreMetrics
import Delivery
import Synchronization

/// Collects what swift-metrics reports and writes it in Prometheus' text format (exposition format 0.0.4).
///
/// Counters, gauges, and histograms, with the help texts and buckets of their definitions.
package final class PrometheusRegistry: MetricsFactory {
    package static let shared = PrometheusRegistry()

    private struct Key: Hashable, Comparable {
        let name: String
        let labels: String

        static func < (left: Key, right: Key) -> Bool { (left.name, left.labels) < (right.name, right.labels) }
    }

    private struct State {
        var series: [Key: any Series] = [:]
        var sources: [any MetricSource] = []
    }

    private let state = Mutex(State())
    private let definitions = Dictionary(uniqueKeysWithValues: MetricCatalog.all.map { ($0.name, $0) })

    /// Routes swift-metrics here; once a process.
    package static func bootstrap() {
        MetricsSystem.bootstrap(shared)
    }

    /// To be asked at each scrape.
    package func add(_ source: any MetricSource) {
        state.withLock { $0.sources.append(source) }
    }

    // MARK: - Text

    /// With what is measured at this moment, as far as it can be: a part that fails is left out.
    package func scrape() async -> String {
        var samples: [MetricSample] = []
        for source in state.withLock({ $0.sources }) {
            samples += (try? await source.measure()) ?? []  // seen as an absent metric
        }
        return text(samples)
    }

    package func text(_ samples: [MetricSample] = []) -> String {
        var series = state.withLock { $0.series }
        for sample in samples { series[key(sample.definition.name, sample.labels)] = sample.value }
        var lines: [String] = []
        var announced = ""
        for (key, series) in series.sorted(by: { $0.key < $1.key }) {
            if key.name != announced {
                announced = key.name
                let help = definitions[key.name]?.help ?? key.name.replacing("_", with: " ")
                lines.append("# HELP \(key.name) \(help)")
                lines.append("# TYPE \(key.name) \(series.kind)")
            }
            lines += series.lines(name: key.name, labels: key.labels)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: - MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        add(label, dimensions) { CounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        add(label, dimensions) { GaugeSeries() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return add(label, dimensions) { GaugeSeries() } }
        return add(label, dimensions) { HistogramSeries(bounds: bounds(of: label, or: .batch), unitsPerOne: 1) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        add(label, dimensions) { HistogramSeries(bounds: bounds(of: label, or: .seconds), unitsPerOne: 1e9) }
    }

    // Series live as long as the process: a counter that vanished between two scrapes would read as a reset.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The series of that name and those labels; one of another kind under the same name is not shown.
    private func add<Made: Series>(_ label: String, _ dimensions: [(String, String)], _ make: () -> Made) -> Made {
        let key = key(label, dimensions)
        return state.withLock { state in
            if let known = state.series[key] { return known as? Made ?? make() }
            let made = make()
            state.series[key] = made
            return made
        }
    }

    private func key(_ label: String, _ labels: [(String, String)]) -> Key {
        Key(
            name: String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" }),
            labels: labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ","))
    }

    private func bounds(of name: String, or usual: MetricDefinition.Kind) -> [Double] {
        if case .histogram(let bounds) = definitions[name]?.kind ?? usual { bounds } else { [] }
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

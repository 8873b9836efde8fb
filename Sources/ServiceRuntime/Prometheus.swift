package import CoreMetrics
import Synchronization

/// Collects what swift-metrics reports and writes it in Prometheus' text format (exposition format 0.0.4).
///
/// Counters, gauges, and histograms with fixed buckets for timers (seconds) and recorders.
package final class PrometheusRegistry: MetricsFactory {
    package static let shared = PrometheusRegistry()

    private enum Series {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)

        var kind: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Key: Hashable, Comparable {
        let name: String
        let labels: String

        static func < (left: Key, right: Key) -> Bool { (left.name, left.labels) < (right.name, right.labels) }
    }

    private let series = Mutex<[Key: Series]>([:])

    /// Routes swift-metrics here; once a process.
    package static func bootstrap() {
        MetricsSystem.bootstrap(shared)
    }

    // MARK: - Text

    package func text() -> String {
        var lines: [String] = []
        var announced: Set<String> = []
        for (key, series) in series.withLock({ $0.sorted { $0.key < $1.key } }) {
            if announced.insert(key.name).inserted {
                lines.append("# HELP \(key.name) \(key.name.replacing("_", with: " "))")
                lines.append("# TYPE \(key.name) \(series.kind)")
            }
            switch series {
            case .counter(let counter):
                lines.append("\(key.name)\(braces(key.labels)) \(counter.value)")
            case .gauge(let gauge):
                lines.append("\(key.name)\(braces(key.labels)) \(gauge.value)")
            case .histogram(let histogram):
                lines += histogram.lines(name: key.name, labels: key.labels)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: - MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let made = CounterSeries()
        guard case .counter(let counter) = add(label, dimensions, .counter(made)) else { return made }
        return counter
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let made = GaugeSeries()
        guard case .gauge(let gauge) = add(label, dimensions, .gauge(made)) else { return made }
        return gauge
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if !aggregate {
            let made = GaugeSeries()
            guard case .gauge(let gauge) = add(label, dimensions, .gauge(made)) else { return made }
            return gauge
        }
        let made = HistogramSeries(bounds: HistogramSeries.counts)
        guard case .histogram(let histogram) = add(label, dimensions, .histogram(made)) else { return made }
        return histogram
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let made = HistogramSeries(bounds: HistogramSeries.seconds)
        guard case .histogram(let histogram) = add(label, dimensions, .histogram(made)) else { return made }
        return histogram
    }

    // Series live as long as the process: a counter that vanished between two scrapes would read as a reset.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func add(_ label: String, _ dimensions: [(String, String)], _ made: Series) -> Series {
        let key = Key(
            name: String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" }),
            labels: dimensions.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ","))
        return series.withLock { series in
            if let known = series[key] { return known }
            series[key] = made
            return made
        }
    }
}

private func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

private func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
}

private final class CounterSeries: CounterHandler {
    private let total = Atomic<Int64>(0)

    var value: Int64 { total.load(ordering: .relaxed) }
    func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { total.store(0, ordering: .relaxed) }
}

private final class GaugeSeries: MeterHandler, RecorderHandler {
    private let current = Mutex(0.0)

    var value: Double { current.withLock { $0 } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

private final class HistogramSeries: RecorderHandler, TimerHandler {
    static let seconds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
    static let counts = [1.0, 4, 16, 64, 256, 1024]

    private struct State {
        var buckets: [Int64]
        var sum = 0.0
        var count: Int64 = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(buckets: [Int64](repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Double) {
        state.withLock { state in
            state.sum += value
            state.count += 1
            if let bucket = bounds.firstIndex(where: { value <= $0 }) { state.buckets[bucket] += 1 }
        }
    }

    func lines(name: String, labels: String) -> [String] {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: Int64 = 0
        var lines: [String] = []
        for (bound, count) in zip(bounds, state.buckets) {
            total += count
            lines.append("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
        }
        lines.append("\(name)_bucket{\(prefix)le=\"+Inf\"} \(state.count)")
        lines.append("\(name)_sum\(braces(labels)) \(state.sum)")
        lines.append("\(name)_count\(braces(labels)) \(state.count)")
        return lines
    }
}

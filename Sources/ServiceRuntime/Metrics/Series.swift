import CoreMetrics
import Synchronization

/// One line, or one histogram, of the endpoint's text.
package protocol Series: Sendable {
    var kind: String { get }
    func lines(name: String, labels: String) -> [String]
}

private func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

final class CounterSeries: Series, CounterHandler {
    private let total = Atomic<Int64>(0)

    let kind = "counter"

    func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { total.store(0, ordering: .relaxed) }

    func lines(name: String, labels: String) -> [String] {
        ["\(name)\(braces(labels)) \(total.load(ordering: .relaxed))"]
    }
}

final class GaugeSeries: Series, MeterHandler, RecorderHandler {
    private let current = Atomic<UInt64>(0)

    let kind = "gauge"

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) { change { $0 + amount } }
    func decrement(by amount: Double) { change { $0 - amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    private func change(_ next: (Double) -> Double) {
        var before = current.load(ordering: .relaxed)
        while true {
            let value = next(Double(bitPattern: before)).bitPattern
            let (isDone, found) = current.weakCompareExchange(expected: before, desired: value, ordering: .relaxed)
            if isDone { return }
            before = found
        }
    }

    func lines(name: String, labels: String) -> [String] {
        ["\(name)\(braces(labels)) \(Double(bitPattern: current.load(ordering: .relaxed)))"]
    }
}

/// Counts values by bucket: two atomic adds a value, no lock.
final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    private final class Cell: Sendable {
        let count = Atomic<Int64>(0)
    }

    private let bounds: [Double]
    /// One a bound, and one for what lies above the last.
    private let cells: [Cell]
    /// In whole units, so that it can be added to atomically.
    private let sum = Atomic<Int64>(0)
    private let unitsPerOne: Double

    let kind = "histogram"

    /// - Parameter unitsPerOne: what one is counted in: 1e9 for seconds, of which nanoseconds are recorded.
    init(bounds: [Double], unitsPerOne: Double) {
        self.bounds = bounds
        self.unitsPerOne = unitsPerOne
        cells = (0...bounds.count).map { _ in Cell() }
    }

    func record(_ value: Int64) { record(Double(value), units: Int64(clamping: value)) }
    func record(_ value: Double) { record(value, units: Int64(clamping: Int(value * unitsPerOne))) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / unitsPerOne, units: duration) }

    private func record(_ value: Double, units: Int64) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        cells[bucket].count.wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(units, ordering: .relaxed)
    }

    func lines(name: String, labels: String) -> [String] {
        MeasuredHistogram(
            buckets: Array(zip(bounds, cells.map { $0.count.load(ordering: .relaxed) })),
            above: cells[bounds.count].count.load(ordering: .relaxed),
            sum: Double(sum.load(ordering: .relaxed)) / unitsPerOne
        ).lines(name: name, labels: labels)
    }
}

// MARK: - Measured at a scrape

/// A value of a counter or gauge that is looked up, not counted.
struct MeasuredValue: Series {
    let kind: String
    let value: Double

    func lines(name: String, labels: String) -> [String] {
        let isWhole = value.rounded() == value && abs(value) < 1e15
        return ["\(name)\(braces(labels)) \(isWhole ? "\(Int64(value))" : "\(value)")"]
    }
}

struct MeasuredHistogram: Series {
    /// Upper bound and count, in order.
    let buckets: [(bound: Double, count: Int64)]
    let above: Int64
    let sum: Double

    let kind = "histogram"

    func lines(name: String, labels: String) -> [String] {
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: Int64 = 0
        var lines: [String] = []
        for (bound, count) in buckets {
            total += count
            lines.append("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
        }
        total += above
        lines.append("\(name)_bucket{\(prefix)le=\"+Inf\"} \(total)")
        lines.append("\(name)_sum\(braces(labels)) \(sum)")
        lines.append("\(name)_count\(braces(labels)) \(total)")
        return lines
    }
}

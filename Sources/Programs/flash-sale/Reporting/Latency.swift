import Histogram

/// A latency distribution in microseconds, exact to three digits (HDR histogram).
struct Latency: Codable, Sendable, Equatable {
    /// Longer ones are recorded as this.
    static let maximumMicroseconds: UInt64 = 3_600_000_000

    private var histogram: Histogram<UInt32>?

    /// Negative times, which two clocks can yield, are recorded as 0.
    mutating func record(nanoseconds: Int64) {
        if histogram == nil { histogram = Self.empty() }
        histogram?.record(min(UInt64(max(0, nanoseconds)) / 1000, Self.maximumMicroseconds))
    }

    mutating func add(_ other: Latency) {
        guard let otherHistogram = other.histogram else { return }
        if histogram == nil { histogram = Self.empty() }
        for bucket in otherHistogram.recordedValues() { histogram?.record(bucket.value, count: bucket.count) }
    }

    var count: Int { Int(histogram?.totalCount ?? 0) }

    /// - Parameter percentile: 0 to 100. Never above the greatest value recorded.
    func milliseconds(at percentile: Double) -> Double {
        guard let histogram, histogram.totalCount > 0 else { return 0 }
        return Double(min(histogram.valueAtPercentile(percentile), histogram.maxRecorded)) / 1000
    }

    private static func empty() -> Histogram<UInt32> {
        Histogram<UInt32>(highestTrackableValue: maximumMicroseconds, numberOfSignificantValueDigits: .three)
    }

    // MARK: Codable: only what was recorded

    private struct Bucket: Codable {
        var microseconds: UInt64
        var count: UInt32
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let buckets = try [Bucket](from: decoder)
        guard !buckets.isEmpty else { return }
        var histogram = Self.empty()
        for bucket in buckets {
            histogram.record(min(bucket.microseconds, Self.maximumMicroseconds), count: bucket.count)
        }
        self.histogram = histogram
    }

    func encode(to encoder: any Encoder) throws {
        var buckets: [Bucket] = []
        if let histogram {
            for bucket in histogram.recordedValues() {
                buckets.append(Bucket(microseconds: bucket.value, count: bucket.count))
            }
        }
        try buckets.encode(to: encoder)
    }

    static func == (left: Latency, right: Latency) -> Bool {
        guard let leftHistogram = left.histogram, let rightHistogram = right.histogram else {
            return left.count == right.count
        }
        return leftHistogram.recordedValues().map { [$0.value, UInt64($0.count)] }
            == rightHistogram.recordedValues().map { [$0.value, UInt64($0.count)] }
    }
}

import AnalyticsService
package import ServiceRuntime

/// Analytics' figures as metrics, read from its database at a scrape: they count every order, whatever was restarted.
package struct FigureMeasures: MetricSource {
    private let reader: DatabaseReader

    package init(_ reader: DatabaseReader) {
        self.reader = reader
    }

    package func measure() async throws -> [MetricSample] {
        try await reader.read { db in
            let figures = try Figures(db)
            let buckets = try LatencyBucket.counts(db)
            return [
                MetricSample(ShopMetrics.orders, "pending", value: Double(figures.orders.pending)),
                MetricSample(ShopMetrics.orders, "confirmed", value: Double(figures.orders.confirmed)),
                MetricSample(ShopMetrics.orders, "cancelled", value: Double(figures.orders.cancelled)),
                MetricSample(ShopMetrics.stuckOrders, value: Double(figures.stuckOrders)),
                Self.settleDuration(buckets),
            ]
        }
    }

    private static func settleDuration(_ buckets: [(bucket: Int64, orders: Int64)]) -> MetricSample {
        let bounds = ShopMetrics.settleBounds
        var counts = [Int64](repeating: 0, count: bounds.count + 1)
        var sum = 0.0
        for (bucket, orders) in buckets {
            let end = LatencyBucket.end(of: bucket) / 1000
            // A tenth of a millisecond less: the bounds are ends of buckets, but for how they are rounded.
            counts[bounds.firstIndex { end - 0.0001 <= $0 } ?? bounds.count] += orders
            sum += end * Double(orders)
        }
        return MetricSample(
            ShopMetrics.settleDuration, buckets: Array(zip(bounds, counts)), above: counts[bounds.count], sum: sum)
    }
}

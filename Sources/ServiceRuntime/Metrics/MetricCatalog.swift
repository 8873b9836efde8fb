package import Delivery

/// Every metric of the five services.
package enum MetricCatalog {
    package static let all = DeliveryDefinitions.all + RuntimeMetrics.all + ShopMetrics.all

    /// `docs/reference/metrics.md`, made from the definitions.
    package static var page: String {
        let head = """
            # Metrics

            Made from the definitions in the code (`MetricCatalog`); a test compares. To make it anew:
            `STAMPEDE_WRITE_DOCS=yes Scripts/test --filter MetricCatalog`.

            Every service answers `GET /metrics` on its admin port with those of these that concern it. Names follow the
            OpenTelemetry semantic conventions for messaging and HTTP where they have one, in Prometheus' form. No label
            takes a value from outside: how many series there are does not grow with the number of orders.

            | metric | kind | labels | what |
            |---|---|---|---|

            """
        let rows = all.sorted { $0.name < $1.name }.map { metric in
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind.name) | \(labels) | \(metric.help) |\n"
        }
        return head + rows.joined() + "\n" + buckets
    }

    /// Histograms by their bounds.
    private static var buckets: String {
        var metrics: [[Double]: [String]] = [:]
        for metric in all {
            if case .histogram(let bounds) = metric.kind { metrics[bounds, default: []].append("`\(metric.name)`") }
        }
        let lines = metrics.sorted { $0.value.min() ?? "" < $1.value.min() ?? "" }.map { bounds, names in
            "- \(names.sorted().joined(separator: ", ")): "
                + bounds.map { "\($0)" }.joined(separator: ", ")
        }
        return "Upper bounds of the histograms' buckets:\n\n" + lines.joined(separator: "\n") + "\n"
    }
}

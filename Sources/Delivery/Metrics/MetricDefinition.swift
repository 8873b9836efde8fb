package import Metrics

/// What a metric is called, what it counts and by what: the one place from which the endpoint takes its help texts and
/// `docs/reference/metrics.md` is made.
///
/// *Rule*: a label's values are known when the program is built, or named by its configuration: services, topics, routes,
/// outcomes. Never an order, never text from outside. *If broken*: a metric for each order, and the scraper's memory is gone.
package struct MetricDefinition: Sendable {
    package enum Kind: Sendable, Equatable {
        case counter
        case gauge
        /// With the upper bounds of its buckets.
        case histogram([Double])

        package var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package let name: String
    package let kind: Kind
    /// One sentence without an end.
    package let help: String
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, _ help: String, by labels: [String] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    // MARK: - Handles

    /// - Parameter values: of the labels, in their order.
    package func counter(_ values: String...) -> Counter {
        Counter(label: name, dimensions: dimensions(values))
    }

    package func gauge(_ values: String...) -> Gauge {
        Gauge(label: name, dimensions: dimensions(values))
    }

    /// For a histogram of seconds.
    package func timer(_ values: String...) -> Timer {
        Timer(label: name, dimensions: dimensions(values))
    }

    /// For a histogram of anything else.
    package func recorder(_ values: String...) -> Recorder {
        Recorder(label: name, dimensions: dimensions(values), aggregate: true)
    }

    private func dimensions(_ values: [String]) -> [(String, String)] {
        precondition(values.count == labels.count, "\(name) has the labels \(labels), not \(values)")
        return Array(zip(labels, values))
    }
}

extension MetricDefinition.Kind {
    /// Of durations, in seconds.
    package static let seconds = Self.histogram([
        0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ])
    /// Of how many are taken at a time.
    package static let batch = Self.histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
}

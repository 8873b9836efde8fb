extension Report {
    /// How far a run was at one moment; counts since the doors opened.
    struct Moment: Codable, Sendable, Equatable {
        /// Since the doors opened.
        var second: Double
        /// Shoppers whose time had come.
        var offered: Int
        /// Whose first request had gone out.
        var sent: Int
        /// Accepted, as the workers had said by then.
        var accepted: Int
        /// With an outcome, by the time of its event.
        var settled: Int
        /// Connections that stood.
        var connected: Int
        /// Events that each service had yet to read; a service that gave no answer is left out.
        var lag: [String: Int]
    }

    /// A service whose process was gone, or was another one all at once.
    struct Interruption: Codable, Sendable, Equatable {
        var service: String
        /// Seconds after the doors opened: when its process was seen last.
        var from: Double
        /// When another was seen; absent where none came.
        var until: Double?
    }

    /// Latencies as curves.
    struct Distribution: Codable, Sendable, Equatable {
        struct Point: Codable, Sendable, Equatable {
            /// 0 to 100.
            var percentile: Double
            var milliseconds: Double
        }

        var accept: [Point]
        var acceptFromSend: [Point]
        var settle: [Point]
    }
}

extension Latency {
    private static let percentiles: [Double] = [
        0, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96.25, 97.5, 98, 98.75, 99, 99.25, 99.5, 99.75,
        99.9,
        99.925, 99.95, 99.975, 99.99, 99.995, 99.999,
    ]

    /// As far out as there is anybody beyond.
    var curve: [Report.Distribution.Point] {
        guard count > 0 else { return [] }
        return Self.percentiles.filter { Double(count) * (100 - $0) > 99.99 }
            .map { .init(percentile: $0, milliseconds: milliseconds(at: $0)) }
    }
}

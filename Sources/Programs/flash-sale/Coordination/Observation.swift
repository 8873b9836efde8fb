/// What was seen of a run while it went on.
struct Observation: Sendable {
    /// One look.
    struct Sample: Sendable {
        /// Since the doors opened.
        var seconds: Double
        var tally: Tally
        var lag: [String: Int]
    }

    /// More are thinned out: what is drawn is not finer.
    static let maximumMoments = 400

    var usage: ProcessUsage
    var samples: [Sample] = []

    /// The looks up to the end, with what is known exactly in hindsight: who meant to come, and whose order was settled.
    ///
    /// - Parameters:
    ///   - intended: nanoseconds after the start, ascending.
    ///   - settled: seconds after the start, in any order.
    func timeline(intended: [Int64], settled: [Double], seconds: Double) -> [Report.Moment] {
        let settled = settled.sorted()
        let shown = samples.prefix { $0.seconds < seconds } + samples.drop { $0.seconds < seconds }.prefix(1)
        let step = max(1, (shown.count + Self.maximumMoments - 1) / Self.maximumMoments)
        var offeredSoFar = 0
        var settledSoFar = 0
        return shown.enumerated().filter { $0.offset % step == 0 || $0.offset == shown.count - 1 }.map { _, sample in
            while offeredSoFar < intended.count, Double(intended[offeredSoFar]) <= sample.seconds * 1_000_000_000 {
                offeredSoFar += 1
            }
            while settledSoFar < settled.count, settled[settledSoFar] <= sample.seconds { settledSoFar += 1 }
            return Report.Moment(
                second: sample.seconds, offered: offeredSoFar, sent: sample.tally.sent,
                accepted: sample.tally.accepted, settled: settledSoFar, connected: sample.tally.open, lag: sample.lag)
        }
    }
}

import Contracts
import Synchronization

/// How many orders were placed and settled, second by second, for as long as the page's chart is.
///
/// Counts, not rates: a point that is missing makes a slope, not a hole.
final class RateHistory: Sendable {
    struct Point: Encodable, Sendable {
        /// Of the stream, when it was taken.
        let tick: Int64
        let at: Timestamp
        let created: Int64
        let settled: Int64
    }

    static let maximumPoints = 300
    /// How many a snapshot repeats, for clients that skipped some.
    static let repeatedPoints = 10

    private let points = Mutex<[Point]>([])

    func add(_ point: Point) {
        points.withLock { points in
            points.append(point)
            if points.count > Self.maximumPoints { points.removeFirst() }
        }
    }

    /// Those taken after a tick; all without one.
    func points(after tick: Int64?) -> [Point] {
        points.withLock { points in points.filter { $0.tick > tick ?? -1 } }
    }

    var latest: [Point] { points.withLock { Array($0.suffix(Self.repeatedPoints)) } }
}

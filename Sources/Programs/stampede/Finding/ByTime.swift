import Contracts

/// Finds a place in a long row of things whose times rise, looking at a few of them.
enum ByTime {
    /// What is left of a range once it need not be halved any more.
    static let step: UInt64 = 512

    /// Not after the first thing of that time or a later one, and at most `step` before it, where times never fall.
    ///
    /// - Parameter at: the time of a thing; nil for one that has none, which counts as late: what is looked for is then
    ///   rather before it.
    static func lowerBound(of time: Timestamp, in range: Range<UInt64>, at: (UInt64) throws -> Timestamp?) rethrows
        -> UInt64
    {
        var (low, high) = (range.lowerBound, range.upperBound)
        while high - low > step {
            let middle = low + (high - low) / 2
            if let found = try at(middle), found < time { low = middle } else { high = middle }
        }
        return low
    }
}

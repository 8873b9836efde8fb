import Contracts
import EventLog

/// Where to begin so that the last events are seen and little else is read.
struct TailStart {
    let logbook: Logbook
    let filter: EventFilter

    private static let firstWindow: UInt64 = 1024
    private static let growth: UInt64 = 4

    /// The highest offset found from which on the topic holds `count` wanted events; the first one kept where there are
    /// fewer. Looks at ever larger windows before the end.
    func offset(of topic: Topic, last count: UInt64) throws -> UInt64 {
        let end = try logbook.end(of: topic)
        let first = logbook.firstOffset(of: topic)
        guard end > first else { return end }
        if filter.takesAll { return end - first > count ? end - count : first }
        if count == 0 { return end }
        var found: UInt64 = 0
        var upper = end
        var window = Self.firstWindow
        while upper > first {
            let lower = upper - first > window ? upper - window : first
            try logbook.read(topic, from: lower, to: upper) { if filter.takes($0) { found += 1 } }
            if found >= count { return lower }
            upper = lower
            window *= Self.growth
        }
        return first
    }
}

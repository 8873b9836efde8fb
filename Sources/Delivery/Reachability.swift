import Contracts

/// The other side cannot be reached, so nothing was asked. It is no attempt of this call: it is so for all of them.
package struct Unreachable: Error, CustomStringConvertible {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package var description: String { "cannot be reached: \(reason)" }
}

/// Whether the other side can be reached: while it cannot, one call at a time goes out to see, and the others wait.
///
/// Why: thousands of open calls that each try for themselves cost a core, fill the log, and greet the other side with all
/// of them at once when it comes back.
struct Reachability {
    private var failures = 0
    /// When the next call may go out; nil while the other side answers.
    private(set) var nextProbe: Timestamp?

    /// How many calls may be under way.
    func limit(_ concurrency: Int, at now: Timestamp) -> Int {
        guard let nextProbe else { return concurrency }
        return now < nextProbe ? 0 : 1
    }

    /// True where this is news: the calls that were under way when it went down all say the same.
    mutating func lost(at now: Timestamp, _ policy: RetryPolicy, _ randomness: any Randomness) -> Bool {
        if let nextProbe, now < nextProbe { return false }
        failures += 1
        nextProbe = now + policy.delay(afterAttempt: failures, randomness)
        return true
    }

    /// True where it was lost.
    mutating func regained() -> Bool {
        defer { self = Reachability() }
        return nextProbe != nil
    }
}

package import Contracts

/// The other side cannot be reached, so nothing was asked. It is no attempt of this call: it is so for all of them.
package struct Unreachable: Error, CustomStringConvertible {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package var description: String { "cannot be reached: \(reason)" }
}

/// Lets calls to the outside through while the other side answers; while it does not, one at a time goes out to see, and
/// the others wait.
///
/// It trips at once where the other side cannot be reached, and after `threshold` failures in a row (time-outs, 5xx)
/// without an answer between them. Why: thousands of open calls that each try for themselves cost a core, fill the log,
/// and greet the other side with all of them at once when it comes back.
package struct CircuitBreaker {
    package enum State: String, Sendable {
        /// Calls go out.
        case closed
        /// None goes out before the next probe.
        case open
        /// One is out, to see.
        case halfOpen
    }

    /// As an operator sees it.
    package struct Status: Equatable, Sendable {
        package let name: String
        package let state: State
        /// When it left or came back to `closed`; nil where it never tripped.
        package let since: Timestamp?
        /// Why it tripped; nil while closed.
        package let reason: String?

        package init(name: String, state: State, since: Timestamp?, reason: String?) {
            self.name = name
            self.state = state
            self.since = since
            self.reason = reason
        }
    }

    /// Failures in a row, of calls that were asked.
    package static let threshold = 32

    private let name: String
    private var failuresInRow = 0
    /// Probes that failed since it tripped, the tripping included.
    private var probes = 0
    private var since: Timestamp?
    private var reason: String?
    /// When the next call may go out; nil while the other side answers.
    package private(set) var nextProbe: MonotonicTime?
    #if MUTANTS
        private var nextProbeByWall: Timestamp?
    #endif

    package init(name: String) {
        self.name = name
    }

    /// How many calls may be under way.
    package func limit(_ concurrency: Int, at now: ClockReading) -> Int {
        guard nextProbe != nil else { return concurrency }
        return waits(at: now) ? 0 : 1
    }

    private func waits(at now: ClockReading) -> Bool {
        #if MUTANTS
            if Mutant.breakerByWallClock.isOn { return nextProbeByWall.map { now.wall < $0 } ?? false }
        #endif
        return nextProbe.map { now.monotonic < $0 } ?? false
    }

    package func status(at now: ClockReading) -> Status {
        let state: State = nextProbe == nil ? .closed : waits(at: now) ? .open : .halfOpen
        return Status(name: name, state: state, since: since, reason: reason)
    }

    /// Nothing was asked.
    ///
    /// - Returns: whether this is news: the calls that were under way when it went down all say the same.
    package mutating func unreachable(
        _ reason: String, at now: ClockReading, _ policy: RetryPolicy, _ randomness: any Randomness
    )
        -> Bool
    {
        trip(reason, now, policy, randomness)
    }

    /// Asked, and no answer came that says anything.
    ///
    /// - Returns: whether this is news.
    package mutating func failed(
        _ reason: String, at now: ClockReading, _ policy: RetryPolicy, _ randomness: any Randomness
    )
        -> Bool
    {
        failuresInRow += 1
        guard nextProbe != nil || failuresInRow >= Self.threshold else { return false }
        return trip(reason, now, policy, randomness)
    }

    /// - Returns: whether it was not closed before.
    package mutating func answered(at now: ClockReading) -> Bool {
        failuresInRow = 0
        guard nextProbe != nil else { return false }
        probes = 0
        nextProbe = nil
        reason = nil
        since = now.wall
        return true
    }

    private mutating func trip(
        _ reason: String, _ now: ClockReading, _ policy: RetryPolicy, _ randomness: any Randomness
    ) -> Bool {
        if waits(at: now) { return false }
        if nextProbe == nil { since = now.wall }
        probes += 1
        let pause = policy.delay(afterAttempt: probes, randomness)
        nextProbe = now.monotonic + pause
        #if MUTANTS
            nextProbeByWall = now.wall + pause
        #endif
        self.reason = reason
        return true
    }
}

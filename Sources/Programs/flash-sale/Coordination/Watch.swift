import Contracts
import Foundation

/// Looks at a run from outside while it goes on: outcomes, processor time, progress.
///
/// `begin` before the first shopper, `watching` around them, then `drain`.
final class Watch: Sendable {
    static let interval = Duration.seconds(1)
    static let drainPoll = Duration.milliseconds(50)

    let follower: LogFollower
    private let floor: Floor
    private let display: ProgressDisplay

    init(data: String, floor: Floor, wantsTotals: Bool, display: ProgressDisplay = ProgressDisplay()) throws {
        follower = try LogFollower(logDirectory: data + "/log", wantsTotals: wantsTotals)
        self.floor = floor
        self.display = display
    }

    /// Shows progress and samples the services once a second while `body` runs.
    func watching<Result: Sendable>(
        usage: ProcessUsage, _ body: @Sendable @escaping () async throws -> Result
    ) async throws -> (Result, ProcessUsage) {
        var usage = usage
        usage.look()
        let before = usage
        return try await withThrowingTaskGroup(of: Step<Result>.self) { group in
            group.addTask { .result(try await body()) }
            group.addTask { .usage(await self.observe(before)) }
            var result: Result?
            var observed = before
            for try await step in group {
                switch step {
                case .result(let value):
                    result = value
                    group.cancelAll()
                case .usage(let value):
                    observed = value
                }
            }
            display.end()
            guard let result else { throw CancellationError() }
            observed.look()
            return (result, observed)
        }
    }

    private enum Step<Result: Sendable>: Sendable {
        case result(Result)
        case usage(ProcessUsage)
    }

    private func observe(_ before: ProcessUsage) async -> ProcessUsage {
        var usage = before
        var hasSeenFirst = false
        // Cancelled: the run is over.
        while (try? await Task.sleep(for: Self.interval)) != nil {
            usage.look()
            guard let start = floor.start else { continue }
            let (settled, first) = follower.progress(since: start.calendar)
            if !hasSeenFirst, let first {
                hasSeenFirst = true
                display.say(
                    "First order settled \(Figures.fixed(start.seconds(to: first), 2)) s after the doors opened")
            }
            display.show(ProgressState(seconds: start.secondsSince, tally: floor.tally, settled: settled))
        }
        return usage
    }

    /// Waits until every accepted order is settled, or for `timeout`.
    func drain(_ accepted: [AcceptedOrder], timeout: Duration) async throws -> Settlement {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        var pending = accepted
        while true {
            let settlement = try follower.settlement()
            pending.removeAll { settlement.isSettled($0) }
            if pending.isEmpty || clock.now >= deadline { return settlement }
            try await clock.sleep(for: Self.drainPoll)
        }
    }
}

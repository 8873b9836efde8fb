import Contracts
import Foundation

/// Looks at a run from outside while it goes on: outcomes, processor time, progress.
///
/// `begin` before the first shopper, `watching` around them, then `drain`.
final class Watch: Sendable {
    static let interval = Duration.milliseconds(200)
    static let looksALine = 5
    static let drainPoll = Duration.milliseconds(50)
    /// After the audit: what it has read is followed to its end by then.
    static let lastLook = LogFollower.turn * 5

    let follower: LogFollower
    private let floor: Floor
    private let display: ProgressDisplay

    init(data: String, floor: Floor, wantsTotals: Bool, display: ProgressDisplay = ProgressDisplay()) throws {
        follower = try LogFollower(logDirectory: data + "/log", wantsTotals: wantsTotals)
        self.floor = floor
        self.display = display
    }

    /// Shows progress, and notes how the run goes, while `body` runs.
    func watching<Result: Sendable>(
        usage: ProcessUsage, lag: LagProbe, _ body: @Sendable @escaping () async throws -> Result
    ) async throws -> (Result, Observation) {
        var usage = usage
        usage.look(at: StartInstant.calendarNow)
        let before = Observation(usage: usage)
        return try await withThrowingTaskGroup(of: Step<Result>.self) { group in
            group.addTask { .result(try await body()) }
            group.addTask { .observation(await self.observe(before, lag)) }
            group.addTask {
                await lag.follow()
                return .stopped
            }
            var result: Result?
            var observed = before
            for try await step in group {
                switch step {
                case .result(let value):
                    result = value
                    group.cancelAll()
                case .observation(let value): observed = value
                case .stopped: break
                }
            }
            display.end()
            guard let result else { throw CancellationError() }
            observed.usage.look(at: StartInstant.calendarNow)
            return (result, observed)
        }
    }

    private enum Step<Result: Sendable>: Sendable {
        case result(Result)
        case observation(Observation)
        case stopped
    }

    private func observe(_ before: Observation, _ lag: LagProbe) async -> Observation {
        var observation = before
        var hasSeenFirst = false
        var looks = 0
        // Cancelled: the run is over.
        while (try? await Task.sleep(for: Self.interval)) != nil {
            observation.usage.look(at: StartInstant.calendarNow)
            guard let start = floor.start, start.secondsSince >= 0 else { continue }
            let sample = Observation.Sample(seconds: start.secondsSince, tally: floor.tally, lag: lag.lag)
            observation.samples.append(sample)
            looks += 1
            guard looks % Self.looksALine == 0 else { continue }
            let (settled, first) = follower.progress(since: start.calendar)
            if !hasSeenFirst, let first {
                hasSeenFirst = true
                display.say(
                    "First order settled \(Figures.fixed(start.seconds(to: first), 2)) s after the doors opened")
            }
            display.show(ProgressState(seconds: sample.seconds, tally: sample.tally, settled: settled))
        }
        return observation
    }

    func say(_ text: String) { display.say(text) }

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

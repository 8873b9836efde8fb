import Synchronization

/// Draws each call's fate from the faults set and a seeded generator.
final class FaultInjector: Sendable {
    /// What happens to one call.
    struct Fate: Equatable, Sendable {
        let down: Bool
        let delayMicroseconds: Int64
        /// Half of the calls wait before the decision and half after, so that a client that dies in between
        /// meets both: a charge that is still to come, and one that is done.
        let delaysBeforeDecision: Bool
        let fails: Bool
        let losesAnswer: Bool
        let declines: Bool
    }

    private struct State {
        var faults: Faults
        var generator: SplitMix64
    }

    private let state: Mutex<State>

    init(faults: Faults, seed: UInt64) {
        state = Mutex(State(faults: faults, generator: SplitMix64(seed: seed)))
    }

    var faults: Faults { state.withLock { $0.faults } }

    func change(_ change: (Faults) throws(Refusal) -> Faults) throws(Refusal) -> Faults {
        let result: Result<Faults, Refusal> = state.withLock { state in
            do throws(Refusal) {
                state.faults = try change(state.faults)
                return .success(state.faults)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func nextFate() -> Fate {
        state.withLock { state in
            let faults = state.faults
            let jitter = Double(faults.jitterMilliseconds) * (state.generator.unit() * 2 - 1)
            let before = state.generator.next() & 1 == 0
            let failure = state.generator.unit()
            let loss = state.generator.unit()
            let decline = state.generator.unit()
            return Fate(
                down: faults.down,
                delayMicroseconds: max(0, Int64((Double(faults.delayMilliseconds) + jitter) * 1000)),
                delaysBeforeDecision: before,
                fails: failure < faults.errorRate,
                losesAnswer: loss < faults.lostAnswerRate,
                declines: decline < faults.declineRate)
        }
    }
}

import Synchronization

/// What all workers report, as far as it is known.
final class Floor: Sendable {
    private struct State {
        var tallies: [Tally]
        var ready = 0
        var start: StartInstant?
    }

    private let state: Mutex<State>

    init(workers: Int) {
        state = Mutex(State(tallies: Array(repeating: Tally(), count: workers)))
    }

    func update(_ tally: Tally, of worker: Int) {
        state.withLock { $0.tallies[worker] = tally }
    }

    var tally: Tally { state.withLock { $0.tallies.reduce(Tally(), +) } }

    var start: StartInstant? { state.withLock { $0.start } }

    /// One more worker stands ready; the last one sets the start for all.
    func isReady() {
        state.withLock {
            $0.ready += 1
            if $0.ready == $0.tallies.count { $0.start = .after(seconds: Self.head) }
        }
    }

    /// Time for the start to reach every worker.
    private static let head = 0.25

    /// The start that all workers share, once all of them are ready.
    func commonStart() async throws -> StartInstant {
        while true {
            if let start { return start }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

package import EventLog
import Metrics
import Synchronization

/// Finished spans on their way to one destination.
///
/// *Guarantee*: it holds at most so many; one more is dropped and counted, and nobody waits. *If broken*: a collector that
/// is down fills the memory of a service that takes orders.
package final class SpanQueue: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let dropped: Counter
    /// Rung when there is something to send, or nothing will come any more.
    package let bell = Doorbell()

    /// - Parameter name: of the destination, for the counters.
    package init(limit: Int, destination name: String) {
        self.limit = limit
        dropped = RuntimeMetrics.spansDropped(destination: name, because: "queue full")
    }

    func add(_ span: FinishedSpan) {
        let isFirst = state.withLock { state -> Bool? in
            guard state.spans.count < limit else { return nil }
            state.spans.append(span)
            return state.spans.count == 1
        }
        guard let isFirst else { return dropped.increment() }
        if isFirst { bell.ring() }
    }

    /// What waits, the oldest first, at most so many.
    func take(_ count: Int) -> [FinishedSpan] {
        state.withLock { state in
            let taken = Array(state.spans.prefix(count))
            state.spans.removeFirst(taken.count)
            return taken
        }
    }

    var count: Int { state.withLock { $0.spans.count } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Nothing will come any more: what is there is sent at once.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }
}

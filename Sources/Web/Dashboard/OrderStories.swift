import AnalyticsService
import Contracts
import Delivery
import ServiceRuntime
import Synchronization

/// Tells what Analytics knows of an order: its row, and the events of the log that are its own.
///
/// One after the other, on a thread of its own, a few waiting: a search never slows the figures, nor the sale.
final class OrderStories: Sendable {
    struct Story: Encodable, Sendable {
        let order: OrderID
        let at: Timestamp
        let total: Money?
        /// `confirmed`, `cancelled`, or null while it is on its way.
        let outcome: String?
        let reason: String?
        /// The service and event that would move it on; null once it has an outcome.
        let waitsFor: String?
        let steps: [OrderTrail.Step]
        /// Whether the log was looked through to where nothing more can come.
        let isWhole: Bool
        /// What to type for more.
        let command: String

        private enum Key: String, CodingKey {
            case order, at, total, outcome, reason, waitsFor, steps, isWhole, command
        }

        /// What there is none of is null, not left out.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(order, forKey: .order)
            try container.encode(at, forKey: .at)
            try container.encode(total, forKey: .total)
            try container.encode(outcome, forKey: .outcome)
            try container.encode(reason, forKey: .reason)
            try container.encode(waitsFor, forKey: .waitsFor)
            try container.encode(steps, forKey: .steps)
            try container.encode(isWhole, forKey: .isWhole)
            try container.encode(command, forKey: .command)
        }
    }

    static let maximumWaiting = 8

    private let sources: DashboardSources
    private let thread = ThreadExecutor(name: "order stories")
    private let waiting = Mutex(0)

    init(_ sources: DashboardSources) {
        self.sources = sources
    }

    /// - Throws: `Problem`: unknown, or too many ask.
    func story(of order: OrderID) async throws -> Story {
        let isTaken = waiting.withLock { waiting -> Bool in
            guard waiting < Self.maximumWaiting else { return false }
            waiting += 1
            return true
        }
        guard isTaken else { throw Problem.unavailable("too many ask for stories", retryAfterSeconds: 1) }
        defer { waiting.withLock { $0 -= 1 } }
        guard let facts = try await sources.reader.read({ try OrderFacts(order, $0) }) else {
            throw Problem(
                404, .unknownOrder, "Unknown order", detail: "Analytics has not heard of the order \(order) yet")
        }
        let trail = try await Task(executorPreference: thread) { [log = sources.log] in
            try OrderTrail(of: facts, in: LogWindow(log))
        }.value
        return Story(
            order: order, at: sources.clock.now(), total: facts.total, outcome: facts.outcome, reason: facts.reason,
            waitsFor: facts.outcome == nil ? facts.progress.waitsFor : nil, steps: trail.steps, isWhole: trail.isWhole,
            command: "stampede order \(order)\(sources.dataOption)")
    }
}

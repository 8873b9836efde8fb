import AnalyticsService
import Contracts
import EventLog

/// An order's events, found in the log between the times that Analytics knows of it.
///
/// *Guarantee*: bounded, however long the log is: the place to begin is found by halving, and at most
/// `maximumEvents` of a topic are looked at. *If broken*: a search reads a million events while a sale goes on.
struct OrderTrail {
    struct Step: Encodable, Sendable {
        let topic: String
        let offset: UInt64
        let time: Timestamp
        let type: String
        let detail: String
    }

    /// In the order of time.
    private(set) var steps: [Step] = []
    /// Whether every topic was looked through to where nothing more can come.
    private(set) var isWhole = true

    /// Of each topic; later than that, `stampede order` finds it.
    static let maximumEvents = 200_000
    private static let batchEvents = 4096
    private static let batchBytes = 4 << 20
    /// Services stamp their events by one clock, and write them a little later: so much earlier may a first event lie.
    private static let before = Duration.seconds(2)
    /// How long after an order's last move its message may come.
    private static let after = Duration.seconds(60)

    init(of facts: OrderFacts, in window: LogWindow) throws {
        let correlation: CorrelationID = facts.order.rebound()
        let begin = (facts.createdAt ?? facts.movedAt) - Self.before
        let end = facts.outcome == nil ? nil : facts.movedAt + Self.after
        for topic in RecentEvents.topics { try look(through: topic, for: correlation, from: begin, to: end, window) }
        steps.sort { ($0.time, $0.topic, $0.offset) < ($1.time, $1.topic, $1.offset) }
    }

    private mutating func look(
        through topic: Topic, for correlation: CorrelationID, from begin: Timestamp, to end: Timestamp?,
        _ window: LogWindow
    ) throws {
        let first = try Self.offset(of: topic, at: begin, window)
        let reader = try window.reader(of: topic, from: first)
        defer { reader.close() }
        while true {
            let batch = try reader.read(maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes)
            guard let last = batch.last else { return }
            for event in batch where (try? EventCoding.correlationID(of: event.bytes)) == correlation {
                steps.append(try Self.step(event))
            }
            if let end, let time = try? EventCoding.time(of: last.bytes), time > end { return }
            if last.offset - first >= UInt64(Self.maximumEvents) {
                isWhole = false
                return
            }
        }
    }

    /// An offset before which nothing was stamped that late: by halving, for a topic's times grow with its offsets.
    private static func offset(of topic: Topic, at time: Timestamp, _ window: LogWindow) throws -> UInt64 {
        var low = try window.start(of: topic)
        var high = try window.end(of: topic)
        while high > low, high - low > UInt64(batchEvents) {
            let middle = low + (high - low) / 2
            let event = try window.events(of: topic, from: middle, count: 1).first
            // What is no event has no time: then from further before.
            if let event, let stamped = try? EventCoding.time(of: event.bytes), stamped < time {
                low = middle
            } else {
                high = middle
            }
        }
        return low
    }

    private static func step(_ event: LoggedEvent) throws -> Step {
        let envelope = try EventCoding.decode(event.bytes)
        return Step(
            topic: event.topic.name, offset: event.offset, time: envelope.time, type: envelope.type,
            detail: EventDetail.text(envelope))
    }
}

import Contracts
import EventLog

/// Every event of an order that the log holds, found without reading the log.
///
/// First the places that inboxes and desks name. Then, where a row of a database tells of an event that is not among
/// those, the topic around its time; and on the topics of an order's way that hold nothing of it yet, the time at which
/// its last event there could have come. Short topics are read whole.
struct OrderTrail {
    private(set) var events: [StoryEvent] = []
    /// What could not be read.
    private(set) var problems: [String] = []
    var eventsRead: UInt64 = 0
    private(set) var eventsInLog: UInt64 = 0
    /// Where each topic ends.
    private(set) var ends: [Topic: UInt64] = [:]
    /// Topics whose first events are not at hand: they were archived, and the archive is elsewhere.
    private(set) var begunLater: Set<Topic> = []

    init() {}

    /// - Parameter whole: topics that are read from their beginning to their end, for certainty; nil for all.
    init(of order: OrderID, _ records: [ServiceRecords], in logbook: Logbook, whole: Set<Topic>?) throws {
        let wanted = WantedOrder(order)
        let hints = OrderHints(records)
        let found = concurrently(try logbook.topics()) { topic in
            Found(
                wanted, topic, hints.places[topic] ?? [], hints.times[topic] ?? [], logbook,
                whole: whole?.contains(topic) ?? true)
        }
        for topic in found {
            events += topic.events
            if let problem = topic.problem { problems.append(problem) }
            eventsRead += topic.eventsRead
            eventsInLog += topic.end
            ends[topic.topic] = topic.end
            if topic.first > 0 { begunLater.insert(topic.topic) }
        }
    }

    /// What one topic holds of an order.
    private struct Found: Sendable {
        let topic: Topic
        var events: [StoryEvent] = []
        var problem: String?
        var eventsRead: UInt64 = 0
        var first: UInt64 = 0
        var end: UInt64 = 0

        init(
            _ order: WantedOrder, _ topic: Topic, _ places: Set<UInt64>, _ times: Set<Timestamp>, _ logbook: Logbook,
            whole: Bool
        ) {
            self.topic = topic
            do {
                let search = try TopicSearch(topic, logbook)
                (first, end) = (search.first, search.end)
                do {
                    try find(order, places, times, search, whole)
                } catch {
                    problem = "\(error)"
                }
                // What was found before a fault is told all the same.
                for offset in search.found.subtracting(events.map(\.offset)).sorted() {
                    try take(offset, order, search)
                }
                events.sort { $0.offset < $1.offset }
                eventsRead = search.eventsRead
            } catch {
                problem = problem ?? "\(error)"
            }
        }

        private mutating func find(
            _ order: WantedOrder, _ places: Set<UInt64>, _ times: Set<Timestamp>, _ search: TopicSearch, _ whole: Bool
        ) throws {
            if whole { try search.whole { $0.belongs(to: order) } }
            for offset in places.sorted() { try take(offset, order, search) }
            let known = Set(events.map(\.envelope.time))
            for time in times.subtracting(known).sorted() {
                try search.look(around: time) { $0.belongs(to: order) }
            }
            if search.isShort || events.isEmpty && search.found.isEmpty && OrderTrail.way.contains(topic) {
                let placed = Timestamp(microseconds: Int64(clamping: order.id.milliseconds) * 1000)
                try search.look(around: placed) { $0.belongs(to: order) }
            }
        }

        /// A place that a database names wrongly holds nothing of the order: the database is of another log.
        private mutating func take(_ offset: UInt64, _ order: WantedOrder, _ search: TopicSearch) throws {
            guard let (event, appendedAt) = try search.event(at: offset),
                event.bytes.withUnsafeBytes({ EventHead($0)?.belongs(to: order) ?? false })
            else { return }
            events.append(
                StoryEvent(
                    topic: topic, offset: offset, envelope: try EventCoding.decode(event.bytes), appendedAt: appendedAt)
            )
        }
    }

    /// Topics that every order's events come to.
    private static let way: [Topic] = [.orders, .inventory, .payments, .notifications]
}

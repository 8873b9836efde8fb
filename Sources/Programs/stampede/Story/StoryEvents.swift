import Contracts
import EventLog
import Foundation

/// One event of an order's story.
struct StoryEvent: Sendable {
    /// From 1 on, in the order of the story.
    var number = 0
    let topic: Topic
    let offset: UInt64
    let envelope: Envelope
    /// Number of the event of this story that caused it.
    var cause: Int?

    var summary: String { EventSummary.text(type: envelope.type, data: envelope.data) }
    var data: JSONValue { JSONValue.parse(envelope.data) ?? .null }
}

/// Every event of an order on every topic, causes before effects.
struct StoryEvents {
    private(set) var events: [StoryEvent] = []
    /// What could not be read.
    private(set) var problems: [String] = []

    init() {}

    /// Reads the whole log, the topics side by side, and decodes what belongs to the order.
    init(of order: OrderID, in logbook: Logbook) throws {
        let wanted = WantedOrder(order)
        let found = concurrently(try logbook.topics()) { topic -> ([StoryEvent], String?) in
            var events: [StoryEvent] = []
            do {
                try logbook.read(topic, from: logbook.firstOffset(of: topic), to: logbook.end(of: topic)) { event in
                    guard event.bytes.withUnsafeBytes({ EventHead($0)?.belongs(to: wanted) ?? false }) else { return }
                    events.append(
                        StoryEvent(topic: topic, offset: event.offset, envelope: try EventCoding.decode(event.bytes)))
                }
            } catch {
                return (events, "\(error)")
            }
            return (events, nil)
        }
        problems = found.compactMap(\.1)
        weave(found.map(\.0))
    }

    /// By time; within a topic by offset; an event after its cause, whatever the clocks said.
    private mutating func weave(_ topics: [[StoryEvent]]) {
        var queues = topics.map { $0[...] }
        let known = Set(topics.joined().map(\.envelope.id))
        var numbers: [EventID: Int] = [:]
        while true {
            let heads = queues.indices.filter { !queues[$0].isEmpty }
            func event(_ index: Int) -> StoryEvent { queues[index][queues[index].startIndex] }
            let ready = heads.filter { index in
                guard let cause = event(index).envelope.causationID, known.contains(cause) else { return true }
                return numbers[cause] != nil
            }
            // Where every head waits for a cause that comes later in its own topic, the log is wrong; show it all the same.
            guard
                let next = (ready.isEmpty ? heads : ready).min(by: { event($0).envelope.time < event($1).envelope.time }
                ),
                var event = queues[next].popFirst()
            else { return }
            event.number = events.count + 1
            event.cause = event.envelope.causationID.flatMap { numbers[$0] }
            numbers[event.envelope.id] = event.number
            events.append(event)
        }
    }

    func last(_ type: String) -> StoryEvent? { events.last { $0.envelope.type == type } }
    func has(_ type: String) -> Bool { last(type) != nil }
}

import Contracts

/// One event of an order's story.
struct StoryEvent: Sendable {
    /// From 1 on, in the order of the story.
    var number = 0
    let topic: Topic
    let offset: UInt64
    let envelope: Envelope
    /// When it came to the log, where the log says so.
    let appendedAt: Timestamp?
    /// Number of the event of this story that caused it.
    var cause: Int?
    /// Number of the event of which this is another delivery: services ignore it.
    var repeats: Int?

    var place: String { "\(topic.name)@\(offset)" }
    var summary: String { EventSummary.text(type: envelope.type, data: PersonalData.masked(envelope.data)) }
    var data: JSONValue { JSONValue.parse(envelope.data) ?? .null }

    /// The service whose topic it is on; nil on a topic that no service writes.
    var service: ServiceName? {
        ServiceName.allCases.first { $0.topic == topic || $0.deadLetterTopic == topic }
    }

    /// When others could read it: never before it was decided.
    var readableAt: Timestamp { max(appendedAt ?? envelope.time, envelope.time) }
}

/// Every event of an order on every topic, causes before effects.
struct StoryEvents {
    private(set) var events: [StoryEvent] = []

    init(_ found: [StoryEvent]) {
        let topics = Dictionary(grouping: found, by: \.topic).values.map { $0.sorted { $0.offset < $1.offset } }
        weave(topics.sorted { ($0.first?.topic.name ?? "") < ($1.first?.topic.name ?? "") })
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
            event.repeats = numbers[event.envelope.id]
            if event.repeats == nil { numbers[event.envelope.id] = event.number }
            events.append(event)
        }
    }

    /// The last of a type, deliveries again left out.
    func last(_ type: String) -> StoryEvent? { events.last { $0.envelope.type == type && $0.repeats == nil } }
    func has(_ type: String) -> Bool { last(type) != nil }
    func event(_ number: Int?) -> StoryEvent? {
        number.flatMap { events.indices.contains($0 - 1) ? events[$0 - 1] : nil }
    }
}

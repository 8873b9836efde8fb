import Contracts

/// Where each event id lies in the log.
struct EventIndex {
    private let topics: [TopicFacts]
    private var places: [EventID: (topic: Int, offset: UInt64)] = [:]
    /// Ids that lie at more than one place, with the later ones.
    private(set) var repeated: [(id: EventID, topic: Topic, offset: UInt64)] = []

    init(_ topics: [TopicFacts]) {
        self.topics = topics
        places.reserveCapacity(topics.reduce(0) { $0 + $1.events.count })
        for (number, topic) in topics.enumerated() {
            for (offset, event) in topic.logged where topic.isEvent(event) {
                guard let other = places[event.id] else {
                    places[event.id] = (number, offset)
                    continue
                }
                let otherTopic = topics[other.topic]
                // What was handed in raw stands behind what somebody said.
                if otherTopic.isInjected(other.offset), !topic.isInjected(offset) {
                    places[event.id] = (number, offset)
                    repeated.append((event.id, otherTopic.topic, other.offset))
                } else {
                    repeated.append((event.id, topic.topic, offset))
                }
            }
        }
    }

    /// The event and where it lies first; nil where the log does not hold it.
    func find(_ id: EventID) -> (topic: TopicFacts, offset: UInt64, event: EventFact)? {
        guard let place = places[id], let event = topics[place.topic][place.offset] else { return nil }
        return (topics[place.topic], place.offset, event)
    }

    func contains(_ id: EventID) -> Bool { places[id] != nil }
}

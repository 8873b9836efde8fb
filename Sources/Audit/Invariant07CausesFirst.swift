import Contracts

/// 7. Every `causationid` exists; no effect before its cause: by offset within a topic, by `time` across topics.
enum CausesFirst {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(7, "Every effect has its cause, and comes after it")
        let letters = Set(
            evidence.services.values.flatMap { $0.deadLetters }.filter { $0.state == "open" }.map(\.entry.id))
        for topic in evidence.topics.values.sorted(by: { $0.topic.name < $1.topic.name }) {
            for (offset, event) in topic.logged {
                guard evidence.isSettled(topic.topic, offset: offset) else {
                    check.waiting(
                        "the event came while the evidence was read", event: event.id, at: topic.place(offset))
                    continue
                }
                checkEvent(event, offset, topic, letters, evidence, &check)
            }
        }
        return check
    }

    private static func checkEvent(
        _ event: EventFact, _ offset: UInt64, _ topic: TopicFacts, _ letters: Set<EventID>, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        check.checked += 1
        func broken(_ message: String) {
            check.broken(message, order: event.order, event: event.id, at: topic.place(offset))
        }
        let name = topic.typeName(of: event)
        let legal = event.kind.flatMap { Rules.causes(of: $0) }
        if let owner = event.kind.flatMap({ Rules.owner(of: $0) }), owner.topic != topic.topic {
            broken("\(name) on a topic that is not \(owner.rawValue)'s")
        }
        guard let id = event.cause else {
            if let legal, !legal.isEmpty { broken("\(name) names no cause") }
            return
        }
        if let legal, legal.isEmpty { broken("\(name) names a cause, and is made by a command") }
        guard let cause = evidence.index.find(id) else {
            if letters.contains(id) { return }
            if let gap = evidence.anyGap {
                check.waiting(
                    "the cause \(id) is not in what can be read (\(gap))", order: event.order, event: event.id,
                    at: topic.place(offset))
            } else {
                broken("its cause \(id) does not exist")
            }
            return
        }
        let causeName = cause.topic.typeName(of: cause.event)
        let causePlace = "\(causeName) at \(cause.topic.topic) offset \(cause.offset)"
        if let legal, !legal.isEmpty, !(cause.event.kind.map(legal.contains) ?? false) {
            broken("\(name) cannot follow from \(causePlace)")
        }
        if let kind = event.kind, legal != nil, !Rules.isAboutProduct(kind), event.order != cause.event.order {
            broken("\(name) is about another order than its cause, \(causePlace)")
        }
        if cause.topic.topic == topic.topic {
            if cause.offset >= offset { broken("\(name) comes before its cause, \(causePlace)") }
        } else if cause.event.time > event.time {
            broken("\(name) is \(cause.event.time - event.time) µs older than its cause, \(causePlace)")
        }
    }
}

import Contracts

/// 7. Every `causationid` exists; no effect before its cause: by offset within a topic, by `time` across topics.
///
/// A letter's event may be a cause that no topic holds, where it came from an export or an edit made an event of what was
/// none; and an edit stands in for the event's type at the service that made it.
enum CausesFirst {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(7, "Every effect has its cause, and comes after it")
        for topic in evidence.topics.values.sorted(by: { $0.topic.name < $1.topic.name }) {
            for (offset, reason) in topic.irregular where !topic.isInjected(offset) {
                check.broken(
                    "\(topic[offset].map { topic.typeName(of: $0) } ?? "the event"): \(reason)",
                    order: topic[offset]?.order, event: topic[offset]?.id, at: topic.place(offset))
            }
            var origin = EventOrigin(evidence)
            for (offset, event) in topic.said {
                guard evidence.isSettled(topic.topic, offset: offset) else {
                    check.waiting(
                        evidence.lateness(topic.topic, offset: offset), event: event.id, at: topic.place(offset))
                    continue
                }
                let effect = Effect(event: event, offset: offset, topic: topic)
                effect.check(evidence, &check)
                effect.checkOrigin(&origin, evidence, &check)
            }
        }
        return check
    }
}

/// An event of the log, and the event that it names as its cause.
private struct Effect {
    let event: EventFact
    let offset: UInt64
    let topic: TopicFacts

    private var name: String { topic.typeName(of: event) }

    /// Whether the envelope follows from the cause or the command.
    func checkOrigin(_ origin: inout EventOrigin, _ evidence: Evidence, _ check: inout InvariantCheck) {
        checkTwin(evidence, &check)
        guard let kind = event.kind else { return }
        for fault in origin.faults(event, kind, at: offset, in: topic, cause: cause(evidence)) {
            broken("\(name): \(fault)", &check)
        }
    }

    /// The cause as the service acted on it: an edit or an import stands in for the log.
    private func cause(_ evidence: Evidence) -> EventOrigin.Cause? {
        guard let id = event.cause else { return nil }
        if let letter = Rules.writer(of: topic.topic).flatMap({ evidence.letter(id, at: $0) }),
            letter.isImported || letter.corrected != nil, let cause = letter.inForce
        {
            return EventOrigin.Cause(
                correlation: cause.correlationID, trace: cause.traceparent.flatMap { TraceContext($0) })
        }
        return evidence.index.find(id).map { cause in
            EventOrigin.Cause(correlation: cause.event.correlation, trace: cause.topic.trace(at: cause.offset))
        }
    }

    /// A twin is the same fact about the same thing, in another version.
    private func checkTwin(_ evidence: Evidence, _ check: inout InvariantCheck) {
        guard let id = topic.twins[offset] else { return }
        let twin = evidence.index.find(id)
        let isTwin =
            twin.map { twin in
                let type = twin.topic.typeName(of: twin.event)
                return twin.topic.topic == topic.topic && type != name && Rules.name(of: type) == Rules.name(of: name)
                    && twin.event.correlation == event.correlation
            } ?? false
        guard !isTwin, evidence.gap(in: topic.topic) == nil else { return }
        broken("\(name) names \(id) as its twin, which is not the same fact in another version", &check)
    }

    func check(_ evidence: Evidence, _ check: inout InvariantCheck) {
        check.checked += 1
        let legal = event.kind.flatMap { Rules.causes(of: $0) }
        if let owner = event.kind.flatMap({ Rules.owner(of: $0) }), owner.topic != topic.topic {
            broken("\(name) on a topic that is not \(owner.rawValue)'s", &check)
        }
        guard let id = event.cause else {
            if let legal, !legal.isEmpty { broken("\(name) names no cause", &check) }
            return
        }
        if let legal, legal.isEmpty { broken("\(name) names a cause, and is made by a command", &check) }
        let letter = Rules.writer(of: topic.topic).flatMap { evidence.letter(id, at: $0) }
        guard let cause = evidence.index.find(id) else {
            return checkOutside(id, letter, legal, evidence, &check)
        }
        let causeName = cause.topic.typeName(of: cause.event)
        let causePlace = "\(causeName) at \(cause.topic.topic) offset \(cause.offset)"
        let kind = letter?.corrected == nil ? cause.event.kind : letter?.inForce.flatMap { EventKind.byType[$0.type] }
        if let legal, !legal.isEmpty, !(kind.map(legal.contains) ?? false) {
            broken("\(name) cannot follow from \(causePlace)", &check)
        }
        // What is said of a discarded letter follows from the discard.
        if cause.topic.isInjected(cause.offset), legal != nil, letter?.state != .discarded {
            broken("\(name) follows from \(causePlace), which was handed in raw: nobody said it", &check)
        }
        if let kind = event.kind, legal != nil, !Rules.isAboutProduct(kind), event.order != cause.event.order {
            broken("\(name) is about another order than its cause, \(causePlace)", &check)
        }
        if cause.topic.topic == topic.topic {
            if cause.offset >= offset { broken("\(name) comes before its cause, \(causePlace)", &check) }
        }
        if cause.event.time > event.time {
            let age = Int128(cause.event.time) - Int128(event.time)
            broken("\(name) is \(age) µs older than its cause, \(causePlace)", &check)
        }
    }

    /// A cause that no topic holds: the event of a letter, of which the desk keeps the bytes.
    ///
    /// - Parameter legal: nil for what is said of letters, which may be said of any.
    private func checkOutside(
        _ id: EventID, _ letter: DeskFacts.DeadLetter?, _ legal: Set<EventKind>?, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        let isOnRecord = letter.map { $0.state != .open && ($0.isImported || $0.corrected != nil) } ?? false
        if let letter, legal == nil || isOnRecord {
            let cause = letter.inForce
            let entry = letter.entry
            if evidence.topic(entry.topic).isInjected(entry.offset), legal != nil, letter.state != .discarded {
                broken("\(name) follows from bytes that were handed in raw: nobody said them", &check)
            }
            if let legal, !legal.isEmpty, !(cause.flatMap { EventKind.byType[$0.type] }.map(legal.contains) ?? false) {
                broken("\(name) cannot follow from the imported \(cause?.type ?? "bytes that are no event")", &check)
            }
            if let cause, cause.time.microseconds > event.time {
                broken("\(name) is older than its cause, the imported \(cause.type) \(id)", &check)
            }
            return
        }
        if let gap = evidence.anyGap {
            check.waiting(
                "the cause \(id) is not in what can be read (\(gap))", order: event.order, event: event.id,
                at: topic.place(offset))
        } else {
            broken("its cause \(id) does not exist", &check)
        }
    }

    private func broken(_ message: String, _ check: inout InvariantCheck) {
        check.broken(message, order: event.order, event: event.id, at: topic.place(offset))
    }
}

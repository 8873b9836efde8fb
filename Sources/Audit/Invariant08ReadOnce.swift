import Contracts
import EventLog

/// 8. Per consumer and topic: position = end; every subscribed event below it is exactly one of applied, parked, dead,
/// discarded.
enum ReadOnce {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(8, "Every event is read to the end, and applied once")
        for service in ServiceName.allCases {
            let facts = evidence.services[service]
            if facts == nil { check.note(evidence.noDatabase(of: service)) }
            for (topic, kinds) in Rules.subscriptions(of: service) {
                checkPosition(service, facts, topic, evidence, &check)
                if let facts { checkEvents(facts, topic, kinds, evidence, &check) }
            }
            if let facts { checkLetters(facts, evidence, &check) }
        }
        return check
    }

    private static func checkPosition(
        _ service: ServiceName, _ facts: ServiceFacts?, _ topic: Topic, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        let end = evidence.topic(topic).end
        let position = facts?.position(in: topic) ?? 0
        check.checked += 1
        if position > end {
            guard evidence.topic(topic).fault == nil else { return }
            check.broken(
                "\(service.rawValue) has read \(topic) up to offset \(position), the topic ends at \(end)",
                service: service,
                at: evidence.topic(topic).place(position))
        } else if position < end {
            check.waiting(
                "\(service.rawValue) has \(end - position) events of \(topic) to read, from offset \(position) on",
                service: service, at: evidence.topic(topic).place(position))
        }
    }

    /// What a consumer did with an event, as far as its tables say.
    private enum Fate: UInt8 {
        case applied, parked, dead

        var word: String {
            switch self {
            case .applied: "applied"
            case .parked: "parked"
            case .dead: "at the dead-letter desk"
            }
        }
    }

    private static func checkEvents(
        _ facts: ServiceFacts, _ topic: Topic, _ kinds: Set<EventKind>, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        let read = evidence.topic(topic)
        let position = facts.position(in: topic)
        var fates = [Fate?](repeating: nil, count: Int(min(position, read.end) - min(read.first, position)))
        func settle(_ entry: ServiceFacts.Entry, _ fate: Fate) {
            func broken(_ message: String) {
                check.broken(
                    "\(facts.service.rawValue) has \(message)", order: read[entry.offset]?.order, event: entry.id,
                    service: facts.service, at: read.place(entry.offset))
            }
            if entry.offset >= position { return broken("it \(fate.word), above its position \(position) in \(topic)") }
            guard let event = read[entry.offset] else {
                if read.isWhole { broken("an event \(fate.word) that \(topic) does not hold") }
                return
            }
            let index = Int(entry.offset - read.first)
            if event.kind != nil, event.id != entry.id {
                broken("an event \(fate.word) that is another one in \(topic)")
            } else if let other = fates[index] {
                broken("it both \(other.word) and \(fate.word)")
            }
            fates[index] = fate
        }
        for entry in facts.inbox[topic] ?? [] { settle(entry, .applied) }
        for entry in facts.parked where entry.topic == topic { settle(entry, .parked) }
        for letter in facts.deadLetters where letter.entry.topic == topic && letter.isAtTheDesk {
            settle(letter.entry, .dead)
        }

        for (index, fate) in fates.enumerated() {
            let offset = read.first + UInt64(index)
            guard let event = read[offset] else { break }
            let isSubscribed = event.kind.map(kinds.contains) ?? false
            if isSubscribed { check.checked += 1 }
            if isSubscribed, fate == nil {
                check.broken(
                    "\(facts.service.rawValue) went past \(read.typeName(of: event)), neither applied nor parked nor dead",
                    order: event.order, event: event.id, service: facts.service, at: read.place(offset))
            } else if !isSubscribed, event.kind != nil, fate != nil {
                check.broken(
                    "\(facts.service.rawValue) is not subscribed to \(read.typeName(of: event)), and has it "
                        + (fate?.word ?? ""), order: event.order, event: event.id, service: facts.service,
                    at: read.place(offset))
            } else if fate == .parked {
                check.waiting(
                    "\(facts.service.rawValue) has \(read.typeName(of: event)) parked", order: event.order,
                    event: event.id,
                    service: facts.service, at: read.place(offset))
            }
        }
    }

    /// Each dead letter is announced on the service's dead-letter topic, and the other way round.
    private static func checkLetters(_ facts: ServiceFacts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let topic = evidence.topic(facts.service.deadLetterTopic)
        var announced: Set<EventID> = []
        let kept = Set(facts.deadLetters.map(\.entry.id))
        for (offset, event) in topic.logged where event.kind == .eventDeadLettered {
            check.checked += 1
            let id = topic.details.deadLettered[Int(event.detail)].eventID
            announced.insert(id)
            if !kept.contains(id), evidence.hasWritten(topic.topic, offset: offset) {
                check.broken(
                    "announced as dead, and not at the desk of \(facts.service.rawValue)", order: event.order,
                    event: id,
                    service: facts.service, at: topic.place(offset))
            }
        }
        let unpublished = (facts.outbox[topic.topic] ?? []).contains { $0.sequence > topic.end }
        for letter in facts.deadLetters where !announced.contains(letter.entry.id) {
            let place = evidence.topic(letter.entry.topic).place(letter.entry.offset)
            if unpublished || !topic.isWhole {
                check.waiting(
                    "dead at \(facts.service.rawValue), not announced yet", event: letter.entry.id,
                    service: facts.service,
                    at: place)
            } else {
                check.broken(
                    "dead at \(facts.service.rawValue), and never announced on \(topic.topic)", event: letter.entry.id,
                    service: facts.service, at: place)
            }
        }
    }
}

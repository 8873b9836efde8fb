import Contracts

/// Of invariant 5: the operator is told of the first dead letter of each group, the tenth, the hundredth, …, and of no other.
struct AlertCheck {
    let evidence: Evidence

    private static let file = Place(file: "db/notification/notification.db")

    func run(_ check: inout InvariantCheck) {
        guard let facts = evidence.domain.mail, let letters = letters() else { return }
        let keys = Set(facts.calls.lazy.filter(\.isAlert).map(\.key))
        var expected: Set<String> = []
        for (group, count) in letters {
            check.checked += 1
            let stored = facts.letters[group] ?? 0
            if stored != Int64(count.letters) {
                check.broken(
                    "Notification counted \(stored) dead letters of \(group.service.rawValue) (\(group.signature)), "
                        + "the log has \(count.letters)", service: .notification, at: Self.file)
            }
            var told = 1
            while told <= count.letters {
                let key = "\(count.keyPrefix)\(told)"
                expected.insert(key)
                if !keys.contains(key) {
                    check.broken(
                        "the operator is not told of dead letter \(told) of \(group.service.rawValue): \(group.signature)",
                        event: count.first, service: .notification, at: Self.file)
                }
                told *= 10
            }
        }
        for group in facts.letters.keys where letters[group] == nil {
            check.broken(
                "Notification counted dead letters of \(group.service.rawValue) (\(group.signature)), the log has none",
                service: .notification, at: Self.file)
        }
        for key in keys.subtracting(expected).sorted() {
            check.broken(
                "the operator is told of something that did not happen (\(key))", service: .notification, at: Self.file)
        }
    }

    private struct Count {
        var letters = 0
        let first: EventID
        let keyPrefix: String
    }

    /// What Notification counted, when its database was read; `nil` if the log does not hold all of it.
    private func letters() -> [DeadLetterGroup: Count]? {
        guard let notification = evidence.services[.notification] else { return nil }
        var counts: [DeadLetterGroup: Count] = [:]
        var seen: Set<EventID> = []
        func add(_ letter: DeadLetterFact, _ event: EventID) {
            guard seen.insert(event).inserted else { return }
            counts[letter.group, default: Count(first: event, keyPrefix: letter.keyPrefix)].letters += 1
        }
        let parked = Set(notification.desk.parked.map(\.entry.id))
        for service in ServiceName.allCases {
            let topic = evidence.topic(service.deadLetterTopic)
            guard evidence.gap(in: service.deadLetterTopic) == nil else { return nil }
            let isOwn = service == .notification
            for (offset, event) in topic.logged where event.kind == .eventDeadLettered {
                let isKnown =
                    isOwn
                    ? notification.hasWritten(topic.topic, offset: offset)
                    : offset < notification.position(in: topic.topic) && !parked.contains(event.id)
                        && notification.desk.letter(event.id)?.isAtTheDesk != true
                guard isKnown, let letter = DeadLetterFact(topic.details.letters[Int(event.detail)]) else { continue }
                add(letter, event.id)
            }
        }
        let own = ServiceName.notification.deadLetterTopic
        for row in notification.outbox[own] ?? [] {
            var details = Details()
            guard let event = row.event, event.type == EventKind.eventDeadLettered.type,
                let index = try? details.add(.eventDeadLettered, event),
                let letter = DeadLetterFact(details.letters[Int(index)])
            else { continue }
            add(letter, event.id)
        }
        return counts
    }
}

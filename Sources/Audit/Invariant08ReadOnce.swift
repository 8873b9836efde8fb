import Contracts
import EventLog

/// 8. Per consumer and topic: position = end; every subscribed event below it is exactly one of applied, parked, dead,
/// discarded, or stands in the count of what was pruned. What is said of dead letters agrees with the desk.
enum ReadOnce {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(8, "Every event is read to the end, and applied once")
        let repeated = Set(evidence.index.repeated.map(\.id))
        for service in ServiceName.allCases {
            let facts = evidence.services[service]
            if facts == nil { check.note(evidence.noDatabase(of: service)) }
            let subscriptions = Rules.subscriptions(of: service)
            for (topic, kinds) in subscriptions {
                checkPosition(service, facts, topic, evidence, &check)
                if let facts {
                    var reading = TopicReading(facts, topic, kinds, evidence, repeated: repeated)
                    reading.check(&check)
                }
            }
            guard let facts else { continue }
            for topic in facts.pruned.keys where !subscriptions.contains(where: { $0.topic == topic }) {
                check.broken("\(service.rawValue) pruned ids of \(topic), which it does not read", service: service)
            }
            LettersOnRecord(facts, evidence).check(&check)
            OpenCalls(facts, evidence).check(&check)
        }
        for (service, topic, reason) in evidence.lostPositions {
            check.broken(
                "\(service.rawValue) cannot read \(topic) on from where it stands: \(reason)", service: service,
                at: evidence.topic(topic).place(evidence.services[service]?.position(in: topic) ?? 0))
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
                service: service, at: evidence.topic(topic).place(position))
        } else if position < end {
            check.waiting(
                "\(service.rawValue) has \(end - position) \(end - position == 1 ? "event" : "events") of \(topic) to read, from "
                    + "offset \(position) on"
                    + (facts?.pause.map { " (\($0))" } ?? ""),
                service: service, at: evidence.topic(topic).place(position))
        }
    }
}

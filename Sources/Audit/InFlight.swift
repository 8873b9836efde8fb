import Contracts
import EventLog

/// Which orders something is still under way for, at which service, and why.
///
/// Analytics is left out: no order waits for it. So is what lies at a desk: it moves by an operator's hand only
/// (`HeldEvents`).
struct InFlight {
    private var reasons: [OrderID: [Reason]] = [:]

    struct Reason {
        let service: ServiceName
        let kind: Kind
        let topic: Topic?
        let offset: UInt64?

        enum Kind: Equatable {
            /// Not read by its consumer.
            case unread(String)
            /// Until its next attempt, or behind such a one.
            case parked
            /// A call to the outside without an answer.
            case call(String)
            /// In the outbox, not in the log.
            case unpublished(String)
            /// Not in its owner's database, for the reason that is given: mostly it came while the evidence was read.
            case moving(String)
        }

        var text: String {
            let place = topic.map { topic in " (\(topic)" + (offset.map { " offset \($0))" } ?? ")") } ?? ""
            return switch kind {
            case .unread(let type): "\(service.rawValue) has not read \(type)\(place) yet"
            case .parked: "an event is parked at \(service.rawValue)\(place)"
            case .call(let key): "\(service.rawValue) has no answer to \(key) yet"
            case .unpublished(let type): "\(service.rawValue) has \(type) in its outbox"
            case .moving(let reason): "\(service.rawValue) has said more\(place): \(reason)"
            }
        }
    }

    init() {}

    init(_ evidence: Evidence) {
        for topic in [Topic.orders, .inventory, .payments, .notifications] { addMoving(topic, evidence) }
        for service in ServiceName.allCases where service != .analytics {
            addUnread(service, evidence)
            if let facts = evidence.services[service] { addHeld(facts, evidence) }
        }
    }

    /// Why something is under way for an order at one of the services; nil where nothing is.
    func reason(_ order: OrderID, at services: Set<ServiceName>) -> Reason? {
        reasons[order]?.first { services.contains($0.service) }
    }

    /// Whether the service's own events about the order, as its database knows them, differ from the log's.
    func isAhead(_ service: ServiceName, of order: OrderID) -> Bool {
        reasons[order]?.contains {
            guard $0.service == service else { return false }
            return switch $0.kind {
            case .unpublished, .moving: true
            default: false
            }
        } ?? false
    }

    /// Why the log's word on what a service said of an order is younger than the rest of the evidence.
    func moving(_ order: OrderID, at service: ServiceName) -> Reason? {
        reasons[order]?.first {
            guard $0.service == service, case .moving = $0.kind else { return false }
            return true
        }
    }

    // MARK: - Finding them

    private mutating func add(
        _ order: OrderID?, _ service: ServiceName, _ kind: Reason.Kind, _ topic: Topic? = nil, _ offset: UInt64? = nil
    ) {
        guard let order else { return }
        reasons[order, default: []].append(Reason(service: service, kind: kind, topic: topic, offset: offset))
    }

    private mutating func addMoving(_ topic: Topic, _ evidence: Evidence) {
        guard let owner = Rules.writer(of: topic) else { return }
        let facts = evidence.topic(topic)
        var offset = facts.end
        while offset > facts.first, !evidence.isSettled(topic, offset: offset - 1) {
            offset -= 1
            if facts.isInjected(offset) { continue }
            add(facts[offset]?.order, owner, .moving(evidence.lateness(topic, offset: offset)), topic, offset)
        }
    }

    private mutating func addUnread(_ service: ServiceName, _ evidence: Evidence) {
        // Letters of other services are told to the operator: no order waits for that.
        for (topic, kinds) in Rules.subscriptions(of: service) where !kinds.contains(.eventDeadLettered) {
            let facts = evidence.topic(topic)
            var offset = max(evidence.services[service]?.position(in: topic) ?? 0, facts.first)
            while offset < facts.end {
                if let event = facts[offset], let kind = event.kind, kinds.contains(kind), !facts.isInjected(offset) {
                    add(event.order, service, .unread(kind.name), topic, offset)
                }
                offset += 1
            }
        }
    }

    private mutating func addHeld(_ facts: ServiceFacts, _ evidence: Evidence) {
        func order(_ entry: ServiceFacts.Entry) -> OrderID? { evidence.topic(entry.topic)[entry.offset]?.order }
        let blocked = Set(facts.desk.letters.lazy.filter { $0.state == .open }.map(\.subject))
        for parked in facts.desk.parked where !blocked.contains(parked.subject) {
            add(order(parked.entry), facts.service, .parked, parked.entry.topic, parked.entry.offset)
        }
        for intent in facts.intents where !intent.isAlert {
            add(OrderID(intent.subject), facts.service, .call(intent.key))
        }
        for (topic, rows) in facts.outbox {
            for row in rows where row.sequence > evidence.topic(topic).end && topic == facts.service.topic {
                if facts.desk.injected[topic]?[row.sequence - 1] != nil { continue }
                add(row.event?.orderID, facts.service, .unpublished(row.event?.type ?? "an event"))
            }
        }
    }
}

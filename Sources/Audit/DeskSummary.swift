import Contracts

extension AuditReport {
    /// The dead-letter desks together: what waits for an operator.
    package struct Desk: Codable, Sendable, Equatable {
        /// Open ones.
        package var letters = 0
        /// Letters that died of the same: the largest group first.
        package var groups: [Group] = []
        /// Events that are parked behind a letter.
        package var behind = 0
        /// Orders of which an event is held up where an order waits for it.
        package var orders = 0
        /// Dead letters that hold those orders up.
        package var holding = 0
        /// Those orders, each with its dead letters; at most `Invariant.listed` pairs.
        package var held: [Held] = []
        /// Letters that were given up on.
        package var discarded = 0
        /// Events that were handed in raw.
        package var injected = 0

        package struct Group: Codable, Sendable, Equatable {
            package var service: String
            /// Empty for bytes that are no event.
            package var type: String
            package var signature: String
            package var letters: Int
        }

        package struct Held: Codable, Sendable, Equatable {
            package var order: String
            package var service: String
            /// The event that is the dead letter, as `stampede dlq show` takes it.
            package var deadLetter: String
        }

        package init() {}
    }
}

extension AuditReport.Desk {
    init(_ evidence: Evidence) {
        var counts: [GroupKey: Int] = [:]
        for facts in evidence.services.values {
            for letter in facts.desk.letters where letter.state == .open {
                letters += 1
                let key = GroupKey(service: facts.service.rawValue, type: letter.type, signature: letter.signature)
                counts[key, default: 0] += 1
            }
            discarded += facts.desk.letters.count { $0.state == .discarded }
            injected += evidence.topic(facts.service.topic).injected.count
        }
        groups = counts.map {
            Group(service: $0.key.service, type: $0.key.type, signature: $0.key.signature, letters: $0.value)
        }.sorted { ($1.letters, $0.service, $0.type, $0.signature) < ($0.letters, $1.service, $1.type, $1.signature) }
        behind = evidence.held.behind
        let holds = evidence.held.holds.filter { evidence.orders[$0.order]?.created != nil }
        orders = Set(holds.map(\.order)).count
        holding = holds.count
        held = holds.prefix(AuditReport.Invariant.listed).map {
            Held(order: $0.order.description, service: $0.service.rawValue, deadLetter: $0.letter.description)
        }
    }

    private struct GroupKey: Hashable {
        let service: String
        let type: String
        let signature: String
    }
}

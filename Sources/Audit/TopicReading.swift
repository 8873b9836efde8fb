import Contracts
import EventLog

/// What one consumer did with each event of one topic below its position, as its tables say. (Invariant 8.)
struct TopicReading {
    private let facts: ServiceFacts
    private let kinds: Set<EventKind>
    private let evidence: Evidence
    /// Ids that lie at more than one place: applied at one of them.
    private let repeated: Set<EventID>
    private let read: TopicFacts
    private let position: UInt64
    private var fates: [Fate?]
    /// Letters that came from the topic, and what is parked of it, by offset.
    private var letters: [UInt64: DeskFacts.DeadLetter] = [:]
    private var parked: [UInt64: DeskFacts.Parked] = [:]
    private var prunedFound: UInt64 = 0
    /// Rows that the count of pruned ids may or may not hold: of ids at two places, of twins, of imported letters.
    private var prunedPerhaps: UInt64 = 0

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

    private var topic: Topic { read.topic }
    private var service: ServiceName { facts.service }

    init(
        _ facts: ServiceFacts, _ topic: Topic, _ kinds: Set<EventKind>, _ evidence: Evidence, repeated: Set<EventID>
    ) {
        self.facts = facts
        self.kinds = kinds
        self.evidence = evidence
        self.repeated = repeated
        read = evidence.topic(topic)
        position = facts.position(in: topic)
        fates = [Fate?](repeating: nil, count: Int(min(position, read.end) - min(read.first, position)))
    }

    mutating func check(_ check: inout InvariantCheck) {
        for entry in facts.inbox[topic] ?? [] { settle(entry, .applied, &check) }
        for row in facts.desk.parked where row.entry.topic == topic {
            parked[row.entry.offset] = row
            settle(row.entry, .parked, &check)
        }
        for letter in facts.desk.letters where letter.entry.topic == topic {
            if letter.isImported { notePerhapsPruned(letter.entry.id) } else { letters[letter.entry.offset] = letter }
            if letter.isAtTheDesk { settle(letter.entry, .dead, &check) }
        }
        let wanted = Set(kinds.map { Rules.name(of: $0.type) })
        let isWanted = read.types.map { wanted.contains(Rules.name(of: $0)) }
        for index in fates.indices {
            let offset = read.first + UInt64(index)
            guard let event = read[offset] else { break }
            judge(event, offset, fates[index], demanded: isDemanded(event, offset, isWanted, wanted), &check)
        }
        checkPruned(&check)
    }

    // MARK: - From the tables

    private mutating func settle(_ entry: ServiceFacts.Entry, _ fate: Fate, _ check: inout InvariantCheck) {
        let isImported = facts.desk.letter(entry.id)?.isImported ?? false
        if isImported {
            // It need not stand in the topic, and if it does, the consumer may not have come to it yet.
            if entry.offset < position, let event = read[entry.offset], event.id == entry.id {
                fates[Int(entry.offset - read.first)] = fate
            }
            return
        }
        if entry.offset >= position {
            return broken("it \(fate.word), above its position \(position) in \(topic)", entry, &check)
        }
        guard let event = read[entry.offset] else {
            if read.isWhole { broken("an event \(fate.word) that \(topic) does not hold", entry, &check) }
            return
        }
        let index = Int(entry.offset - read.first)
        if read.isEvent(event), event.id != entry.id {
            // An event applied for its twin, too, notes both ids.
            if fate == .applied, read.twins[entry.offset] == entry.id { return }
            broken("an event \(fate.word) that is another one in \(topic)", entry, &check)
        } else if let other = fates[index] {
            broken("it both \(other.word) and \(fate.word)", entry, &check)
        }
        fates[index] = fate
    }

    private func broken(_ message: String, _ entry: ServiceFacts.Entry, _ check: inout InvariantCheck) {
        check.broken(
            "\(service.rawValue) has \(message)", order: read[entry.offset]?.order, event: entry.id, service: service,
            at: read.place(entry.offset))
    }

    // MARK: - From the topic

    /// Whether the consumer must have done something with an event: of a type that it acts on, in whatever version, or
    /// bytes of which not even the type can be read.
    private func isDemanded(_ event: EventFact, _ offset: UInt64, _ isWanted: [Bool], _ wanted: Set<Substring>) -> Bool
    {
        if let kind = event.kind { return kinds.contains(kind) }
        if read.isEvent(event) {
            // The same fact in a version that it knows: skipped.
            let isKnownType = EventKind.byType[read.typeName(of: event)] != nil
            return isWanted[Int(event.type)] && (isKnownType || read.twins[offset] == nil)
        }
        guard let type = read.claimedTypes[offset] ?? nil else { return true }
        return wanted.contains(Rules.name(of: type))
    }

    private mutating func judge(
        _ event: EventFact, _ offset: UInt64, _ fate: Fate?, demanded: Bool, _ check: inout InvariantCheck
    ) {
        if demanded { check.checked += 1 }
        let place = read.place(offset)
        if let twin = read.twins[offset], demanded { notePerhapsPruned(twin) }
        switch fate {
        case nil:
            // A letter that was redriven was applied, whatever its bytes are.
            let wasApplied = letters[offset]?.state == .redriven
            guard demanded || wasApplied else { return }
            if repeated.contains(event.id), read.isEvent(event), isKnownElsewhere(event.id) {
                prunedPerhaps += 1
            } else if let pruned = facts.pruned[topic], read.isEvent(event) || wasApplied,
                letters[offset]?.entry.id ?? event.id < pruned.below
            {
                prunedFound += 1
            } else {
                check.broken(
                    "\(service.rawValue) went past \(read.typeName(of: event)), neither applied nor parked nor dead",
                    order: event.order, event: event.id, service: service, at: place)
            }
        case .some(let fate) where !demanded && event.kind != nil:
            check.broken(
                "\(service.rawValue) is not subscribed to \(read.typeName(of: event)), and has it \(fate.word)",
                order: event.order, event: event.id, service: service, at: place)
        case .parked: judgeParked(event, offset, &check)
        case .applied, .dead: break
        }
    }

    private func isKnownElsewhere(_ id: EventID) -> Bool {
        facts.inbox.values.contains { $0.contains { $0.id == id } } || facts.desk.letter(id) != nil
            || facts.desk.parked.contains { $0.entry.id == id } || facts.pruned[topic].map { id < $0.below } ?? false
    }

    /// Parked events move by themselves, or behind a letter by an operator; others never will.
    private func judgeParked(_ event: EventFact, _ offset: UInt64, _ check: inout InvariantCheck) {
        guard let row = parked[offset] else { return }
        let words = "\(service.rawValue) has \(read.typeName(of: event)) parked"
        let place = read.place(offset)
        if row.hasNextAttempt {
            check.waiting(words, order: event.order, event: row.entry.id, service: service, at: place)
        } else if let hold = evidence.held.hold(row.entry.id, at: service) {
            check.explained(
                "\(words) behind dead letter \(hold.letter.entry.id)", order: event.order, event: row.entry.id,
                service: service, at: place)
        } else if facts.desk.parked.contains(where: { $0.subject == row.subject && $0.hasNextAttempt }) {
            check.waiting(
                "\(words) behind another", order: event.order, event: row.entry.id, service: service, at: place)
        } else {
            check.broken(
                "\(words) behind nothing: no attempt of it will ever come", order: event.order, event: row.entry.id,
                service: service, at: place)
        }
    }

    // MARK: - Pruned ids

    private mutating func notePerhapsPruned(_ id: EventID) {
        if let pruned = facts.pruned[topic], id < pruned.below { prunedPerhaps += 1 }
    }

    /// A count stands in for pruned ids: as many events below it are in no table.
    private func checkPruned(_ check: inout InvariantCheck) {
        guard let pruned = facts.pruned[topic] else { return }
        check.checked += 1
        let isTooFew = pruned.ids < prunedFound
        let isTooMany = read.isWhole && pruned.ids > prunedFound + prunedPerhaps
        guard isTooFew || isTooMany else { return }
        check.broken(
            "\(service.rawValue) counts \(pruned.ids) pruned ids of \(topic), \(prunedFound) of its events have none",
            service: service, at: Place(file: "db/\(service.rawValue)/\(service.rawValue).db"))
    }
}

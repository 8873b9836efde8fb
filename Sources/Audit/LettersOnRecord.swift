import Contracts
import EventLog

/// What a service says on its dead-letter topic agrees with its desk: each letter is announced, and whatever an operator
/// did to it is said once and kept with its record. (Invariant 8.)
struct LettersOnRecord {
    private let facts: ServiceFacts
    private let evidence: Evidence
    private let topic: TopicFacts
    /// What the service had said of each letter when its database was read.
    private var said: [EventID: Said] = [:]

    private struct Said {
        var isAnnounced = false
        /// Bytes of the last edit.
        var corrected: [UInt8]?
        var end: DeskFacts.DeadLetter.State?

        mutating func add(_ kind: EventKind, _ detail: Detail.DeadLetter) {
            switch kind {
            case .eventDeadLettered: isAnnounced = true
            case .deadLetterEdited: corrected = detail.corrected.map { [UInt8]($0) }
            case .deadLetterRedriven: end = .redriven
            case .deadLetterDiscarded: end = .discarded
            default: break
            }
        }
    }

    init(_ facts: ServiceFacts, _ evidence: Evidence) {
        self.facts = facts
        self.evidence = evidence
        topic = evidence.topic(facts.service.deadLetterTopic)
    }

    private var service: ServiceName { facts.service }

    func check(_ check: inout InvariantCheck) {
        var record = self
        record.readTopic(&check)
        record.readOutbox()
        for letter in facts.desk.letters {
            record.checkLetter(letter, &check)
            record.checkColumns(letter, &check)
            record.explain(letter, &check)
        }
        record.checkParked(&check)
        record.checkActions(&check)
    }

    // MARK: - What is repeated

    /// What a service sorts and groups by follows from the event and the error. By the subject, later events of an order wait.
    private func checkColumns(_ letter: DeskFacts.DeadLetter, _ check: inout InvariantCheck) {
        func wrong(_ column: String, _ found: String, _ expected: String) {
            check.broken(
                "dead letter \(letter.entry.id) of \(service.rawValue) has the \(column) '\(found)', its event '\(expected)'",
                order: letter.original?.orderID, event: letter.entry.id, service: service,
                at: evidence.topic(letter.entry.topic).place(letter.entry.offset))
        }
        let subject = DeskFacts.subject(of: letter.original, at: letter.entry)
        if letter.subject != subject { wrong("subject", letter.subject, subject) }
        let type = letter.original?.type ?? ""
        if letter.type != type { wrong("type", letter.type, type) }
        let signature = ErrorSignature.of(kind: letter.errorKind, error: letter.error)
        if letter.signature != signature {
            check.broken(
                "dead letter \(letter.entry.id) of \(service.rawValue) is grouped by another error than its own",
                event: letter.entry.id, service: service,
                at: evidence.topic(letter.entry.topic).place(letter.entry.offset))
        }
    }

    private func checkParked(_ check: inout InvariantCheck) {
        for row in facts.desk.parked where row.subject != DeskFacts.subject(of: row.event, at: row.entry) {
            check.broken(
                "a parked event of \(service.rawValue) has the subject '\(row.subject)', which is not its event's",
                order: row.event?.orderID, event: row.entry.id, service: service,
                at: evidence.topic(row.entry.topic).place(row.entry.offset))
        }
    }

    /// Each thing that was done to a letter is on record once, and nothing else.
    private func checkActions(_ check: inout InvariantCheck) {
        let place = Place(file: "db/\(service.rawValue)/\(service.rawValue).db")
        for (id, actions) in facts.desk.actions {
            let letter = facts.desk.letter(id)
            let known: Set = ["retried", "failed", "edited", "discarded", "imported"]
            func wrong(_ words: String) {
                check.broken(
                    "the record of dead letter \(id) of \(service.rawValue) \(words)", order: letter?.original?.orderID,
                    event: id, service: service, at: place)
            }
            if letter == nil { wrong("is about no letter") }
            if let strange = actions.first(where: { !known.contains($0.name) }) { wrong("holds '\(strange.name)'") }
            guard let letter else { continue }
            for (name, state) in [("retried", DeskFacts.DeadLetter.State.redriven), ("discarded", .discarded)] {
                let count = actions.count { $0.name == name }
                if count > (letter.state == state ? 1 : 0) {
                    wrong("says \(count) times that it was \(name), and it is \(letter.state.rawValue)")
                }
            }
        }
    }

    // MARK: - What was said

    private mutating func readTopic(_ check: inout InvariantCheck) {
        // In the order of the topic, whether or not the database had it yet.
        var all: [EventID: Said] = [:]
        for (offset, event) in topic.logged {
            guard let kind = event.kind, event.detail >= 0, Rules.owner(of: kind) == nil else { continue }
            check.checked += 1
            let detail = topic.details.letters[Int(event.detail)]
            let isWritten = evidence.hasWritten(topic.topic, offset: offset)
            func broken(_ message: String) {
                check.broken(
                    message, order: event.order, event: detail.eventID, service: service, at: topic.place(offset))
            }
            let letter = facts.desk.letter(detail.eventID)
            if letter == nil, isWritten {
                broken(
                    kind == .eventDeadLettered
                        ? "announced as dead, and not at the desk of \(service.rawValue)"
                        : "\(kind.name) of an event that never lay at the desk of \(service.rawValue)")
            }
            let before = all[detail.eventID, default: Said()]
            if kind != .eventDeadLettered {
                let isKnown = before.isAnnounced || letter.map { $0.isImported || $0.isAboutLetter } ?? !isWritten
                if !isKnown, topic.isWhole { broken("\(kind.name) of a letter that was not announced before") }
                if let end = before.end { broken("\(kind.name) of a letter that was \(end.rawValue) before") }
            }
            if let letter, isWritten, !topic.isInjected(offset) {
                let saying = LetterSaying(letter, detail, kind, event, topic.trace(at: offset), service)
                for fault in saying.faults(facts.desk.actions[letter.entry.id] ?? []) {
                    broken("\(kind.name): \(fault)")
                }
            }
            all[detail.eventID, default: Said()].add(kind, detail)
            if isWritten { said[detail.eventID, default: Said()].add(kind, detail) }
        }
    }

    /// Said, and not in the log yet.
    private mutating func readOutbox() {
        for row in facts.outbox[topic.topic] ?? [] where row.sequence > topic.end {
            guard let event = row.event, let kind = EventKind.byType[event.type], Rules.owner(of: kind) == nil else {
                continue
            }
            var details = Details()
            guard let index = try? details.add(kind, event) else { continue }  // then it says nothing
            let detail = details.letters[Int(index)]
            said[detail.eventID, default: Said()].add(kind, detail)
        }
    }

    // MARK: - What the desk says

    private func checkLetter(_ letter: DeskFacts.DeadLetter, _ check: inout InvariantCheck) {
        let id = letter.entry.id
        let said = said[id] ?? Said()
        let name = service.rawValue
        let place = evidence.topic(letter.entry.topic).place(letter.entry.offset)
        func wrong(_ message: String) {
            if topic.isWhole {
                check.broken(message, event: id, service: service, at: place)
            } else {
                check.waiting(
                    "\(message), as far as \(topic.topic) can be read", event: id, service: service, at: place)
            }
        }
        if !letter.isImported, !letter.isAboutLetter, !said.isAnnounced {
            wrong("dead at \(name), and never announced on \(topic.topic)")
        }
        let end = said.end ?? .open
        if letter.state != end, !letter.isAboutLetter {
            wrong(
                end == .open
                    ? "\(letter.state.rawValue) at the desk of \(name), and never said so on \(topic.topic)"
                    : "\(end.rawValue) on \(topic.topic), and \(letter.state.rawValue) at the desk of \(name)")
        }
        // A card token is masked where it is said.
        let corrected = [letter.corrected, said.corrected].map { $0.map { PersonalData.masked($0, [.cardToken]) } }
        if corrected[0] != corrected[1], !letter.isAboutLetter {
            wrong("the corrected bytes at the desk of \(name) are not those of the last DeadLetterEdited")
        }
        let record = Set((facts.desk.actions[id] ?? []).map(\.name))
        for action in letter.actionsOnRecord where !record.contains(action) {
            check.broken(
                "the desk of \(name) keeps no record of who \(action) the letter", event: id, service: service,
                at: place)
        }
    }

    /// What lies at the desk explains what the other invariants miss; what was given up on must be allowed to be.
    private func explain(_ letter: DeskFacts.DeadLetter, _ check: inout InvariantCheck) {
        let type = letter.type.isEmpty ? "bytes that are no event" : letter.type
        let source = evidence.topic(letter.entry.topic)
        let (order, place) = (OrderID(letter.subject), source.place(letter.entry.offset))
        switch letter.state {
        case .redriven: break
        case .open:
            check.explained(
                "\(type) is a dead letter at \(service.rawValue)", order: order, event: letter.entry.id,
                service: service, at: place)
        case .discarded:
            let kind = letter.inForce.flatMap { EventKind.byType[$0.type] }
            let mayBe = kind.map { Rules.fact(ofDiscarding: $0, at: service) != nil } ?? true
            if mayBe || service == .analytics || letter.isAboutLetter || source.isInjected(letter.entry.offset) {
                check.explained(
                    "\(type) was discarded at \(service.rawValue)", order: order, event: letter.entry.id,
                    service: service, at: place)
            } else {
                check.broken(
                    "\(type) was discarded at \(service.rawValue), which has nothing to say in its place", order: order,
                    event: letter.entry.id, service: service, at: place)
            }
        }
    }
}

extension DeskFacts.DeadLetter {
    /// What its state says was done to it, in the words of the record.
    fileprivate var actionsOnRecord: [String] {
        var actions: [String] = []
        if isImported { actions.append("imported") }
        if corrected != nil { actions.append("edited") }
        if state == .redriven { actions.append("retried") }
        if state == .discarded { actions.append("discarded") }
        return actions
    }
}

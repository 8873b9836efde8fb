import Contracts
import EventLog
import Foundation
import GRDB
import Logging

/// The dead-letter desk: carries out what operators ask, in the transaction given.
///
/// *Guarantee*: an action happens whole or not at all, with its record and what it says on the dead-letter topic; done
/// again, it finds the letter settled and changes nothing. *If broken*: an operator who was cut off pays a refund twice.
struct Desk {
    let node: ServiceNode
    let processor: EventProcessor
    let inboxWindow: Duration

    func carryOut(
        _ request: OperatorRequest, _ parking: inout Parking, at now: ClockReading, _ transaction: DeliveryTransaction
    ) throws -> OperatorReply {
        switch request {
        case .retry(let ids, let actor):
            return .letters(try ids.map { try retry($0, by: actor, &parking, now, transaction) })
        case .discard(let ids, let reason, let actor):
            return .letters(
                try ids.map { try discard($0, because: reason, by: actor, &parking, now, transaction) })
        case .edit(let id, let correction, let reason, let actor):
            return .letters([try edit(id, correction, because: reason, by: actor, &parking, now, transaction)])
        case .importLetters(let letters, let force, let actor):
            return .letters(
                try letters.map { try take($0, force: force, by: actor, &parking, now, transaction) })
        case .inject(let events, let actor):
            return .injected(try events.map { try inject($0, by: actor, now, transaction) })
        case .pause, .resume:
            preconditionFailure("the consumer pauses and resumes itself")
        }
    }

    /// The letter, where something can be done with it.
    private func open(
        _ id: EventID, _ db: Database, _ body: (Letter) throws -> LetterOutcome
    ) throws -> LetterOutcome {
        guard let letter = try Letter.load(id, db) else {
            return LetterOutcome(id, .unknown, "no such letter at \(node.card.name.rawValue)")
        }
        guard letter.state == .open else { return LetterOutcome(id, .notOpen, "it is \(letter.state.rawValue)") }
        return try body(letter)
    }

    private func settle(_ letter: Letter, as state: Letter.State, _ now: ClockReading, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE dead_letters SET state = ?, settled_at = ? WHERE event_id = ?",
            arguments: [state.rawValue, now.wall.microseconds, Data(letter.id.bytes)])
    }

    private func announcement(_ letter: Letter, _ now: ClockReading, number: Int) -> Announcement {
        Announcement(
            letter: letter.id, of: letter.envelope, subject: letter.envelope?.subject ?? letter.subject, now: now.wall,
            ordinal: number)
    }

    // MARK: - Retry

    private func retry(
        _ id: EventID, by actor: Actor, _ parking: inout Parking, _ now: ClockReading,
        _ transaction: DeliveryTransaction
    ) throws -> LetterOutcome {
        try open(id, transaction.db) { letter in
            try transaction.inSavepoint {
                let event = letter.event
                let outcome = try processor.apply(
                    event, try EventCoding.decode(event.bytes), attempt: letter.attempts + 1, transaction)
                if case .skipped = outcome {
                    return LetterOutcome(id, .refused, "\(node.card.name.rawValue) no longer handles such events")
                }
                let wasDuplicate = if case .duplicate = outcome { true } else { false }
                try settle(letter, as: .redriven, now, transaction.db)
                let number = try DeskRecord.add(
                    .retried, id, by: actor, detail: wasDuplicate ? "duplicate" : nil, at: now.wall, transaction.db)
                let news = V1.DeadLetterRedriven(
                    service: node.card.name, eventID: id, wasDuplicate: wasDuplicate, actor: actor.name)
                try transaction.announce(news, announcement(letter, now, number: number))
                try parking.goOn(letter.subject, now: now, transaction.db)
                return LetterOutcome(id, wasDuplicate ? .duplicate : .applied)
            } onFault: { fault in
                try failed(letter, fault, by: actor, now, transaction)
                return LetterOutcome(id, .failed, fault.text)
            }
        }
    }

    /// The letter failed once more, and stays where it is.
    func failed(
        _ letter: Letter, _ fault: Fault, by actor: Actor, _ now: ClockReading, _ transaction: DeliveryTransaction
    )
        throws
    {
        let error = String(fault.text.prefix(DeadLetters.maximumErrorCharacters))
        try transaction.db.execute(
            sql: """
                UPDATE dead_letters SET attempts = attempts + 1, error_kind = ?, error = ?, signature = ?
                WHERE event_id = ?
                """,
            arguments: [
                fault.kind, error, ErrorSignature.of(kind: fault.kind, error: error), Data(letter.id.bytes),
            ])
        try DeskRecord.add(.failed, letter.id, by: actor, detail: error, at: now.wall, transaction.db)
        let attempt = FailedAttempt(number: letter.attempts + 1, kind: fault.kind, error: error)
        transaction.add(node.tracing.failed(letter.event, letter.envelope, since: now, attempt))
    }

    // MARK: - Discard

    private func discard(
        _ id: EventID, because reason: String, by actor: Actor, _ parking: inout Parking, _ now: ClockReading,
        _ transaction: DeliveryTransaction
    ) throws -> LetterOutcome {
        try open(id, transaction.db) { letter in
            var rule: Discard?
            if let envelope = letter.envelope {
                rule = node.card.discards.first { $0.name == Subscription.name(of: envelope.type) }
                guard rule != nil else { return LetterOutcome(id, .refused, noFact(envelope)) }
            }
            return try transaction.inSavepoint {
                if let rule, let envelope = letter.envelope {
                    let recordedAt = max(now.wall, envelope.time)
                    transaction.place = (letter.topic, letter.offset)
                    let outgoing = try rule.decide(envelope, recordedAt, transaction.db)
                    try transaction.carryOut(outgoing, cause: envelope, recordedAt: recordedAt)
                    transaction.add(
                        node.tracing.handled(
                            envelope, letter.event, since: now, attempt: letter.attempts + 1, operation: "discard"))
                }
                try settle(letter, as: .discarded, now, transaction.db)
                let number = try DeskRecord.add(.discarded, id, by: actor, reason: reason, at: now.wall, transaction.db)
                let news = V1.DeadLetterDiscarded(
                    service: node.card.name, eventID: id, actor: actor.name, reason: reason)
                try transaction.announce(news, announcement(letter, now, number: number))
                try parking.goOn(letter.subject, now: now, transaction.db)
                return LetterOutcome(id, .discarded)
            } onFault: { fault in
                LetterOutcome(id, .refused, fault.text)
            }
        }
    }

    private func noFact(_ envelope: Envelope) -> String {
        "others wait for what \(node.card.name.rawValue) makes of \(envelope.type), and its card names no fact to say "
            + "instead; edit it (stampede dlq edit), or mend the cause and retry"
    }

    // MARK: - Edit

    private func edit(
        _ id: EventID, _ correction: Correction, because reason: String, by actor: Actor, _ parking: inout Parking,
        _ now: ClockReading, _ transaction: DeliveryTransaction
    ) throws -> LetterOutcome {
        try open(id, transaction.db) { letter in
            let subject: String
            let corrected: [UInt8]
            let forced: String?
            do {
                let edit = try LetterEdit(letter, correction, processor)
                corrected = try EventCoding.encode(edit.envelope)
                subject = Parking.subject(of: edit.envelope, at: letter.event)
                forced = edit.forced
            } catch let refusal as OperatorRefusal {
                return LetterOutcome(id, .refused, refusal.reason)
            } catch let fault as EventFault {
                return LetterOutcome(id, .refused, fault.description)
            } catch let tooLarge as EventCodingError {
                return LetterOutcome(id, .refused, tooLarge.description)
            }
            if subject != letter.subject, parking.subjects.contains(subject) {
                return LetterOutcome(
                    id, .refused,
                    "\(subject) has events that wait or lie dead here: settle those first, they came in order")
            }
            try transaction.db.execute(
                sql: "UPDATE dead_letters SET corrected = ?, type = ?, subject = ? WHERE event_id = ?",
                arguments: [Data(corrected), correction.type, subject, Data(id.bytes)])
            if subject != letter.subject {
                parking.hold(subject)
                try parking.goOn(letter.subject, now: now, transaction.db)
            }
            let number = try DeskRecord.add(
                .edited, id, by: actor, reason: reason, detail: forced, at: now.wall, transaction.db)
            let news = V1.DeadLetterEdited(
                service: node.card.name, eventID: id, corrected: PersonalData.masked(corrected, [.cardToken]),
                actor: actor.name, reason: reason)
            let about = Announcement(
                letter: id, of: try? EventCoding.decode(letter.original), subject: subject, now: now.wall,
                ordinal: number)
            try transaction.announce(news, about)
            return LetterOutcome(id, .edited, "retry it when you are ready")
        }
    }

    // MARK: - Import

    private func take(
        _ letter: ImportedLetter, force: Bool, by actor: Actor, _ parking: inout Parking, _ now: ClockReading,
        _ transaction: DeliveryTransaction
    ) throws -> LetterOutcome {
        let id = letter.eventID
        let envelope = try? EventCoding.decode(letter.event)  // letters that are no event come back, too
        guard node.card.topics.contains(letter.topic) else {
            return LetterOutcome(id, .refused, "\(node.card.name.rawValue) does not read \(letter.topic)")
        }
        guard envelope == nil || envelope?.id == id else {
            return LetterOutcome(id, .refused, "its bytes are event \(envelope?.id.description ?? ""), not this one")
        }
        if try Inbox.contains(id, transaction.db) || Parking.holds(id, transaction.db) {
            return LetterOutcome(id, .duplicate, "known here already")
        }
        guard force || id >= EventID.lowest(at: node.clockHistory.latest(withAge: inboxWindow, at: now)) else {
            return LetterOutcome(
                id, .refused,
                "it is older than the inbox remembers (\(inboxWindow.components.seconds / 3600) h), so nobody knows "
                    + "whether it was applied; --force takes it all the same")
        }
        let logged = LoggedEvent(topic: letter.topic, offset: letter.offset, bytes: letter.event[...])
        let subject = Parking.subject(of: envelope, at: logged)
        guard !parking.subjects.contains(subject) else {
            return LetterOutcome(
                id, .refused, "\(subject) has events that wait or lie dead here: settle those first, they came in order"
            )
        }
        let death = DeadLetters.Death(
            id: id, envelope: envelope, kind: letter.errorKind, error: letter.error, attempts: Int(letter.attempts),
            firstFailedAt: letter.firstFailedAt, origin: .imported)
        try DeadLetters.bury(logged, death, now: now.wall, node, transaction)
        try DeskRecord.add(.imported, id, by: actor, at: now.wall, transaction.db)
        parking.hold(subject)
        return LetterOutcome(id, .imported)
    }

    // MARK: - Injecting

    private func inject(_ event: [UInt8], by actor: Actor, _ now: ClockReading, _ transaction: DeliveryTransaction)
        throws
        -> InjectedPlace
    {
        guard (1...EventCoding.maximumEventBytes).contains(event.count) else {
            throw OperatorRefusal(
                "an event has 1 to \(EventCoding.maximumEventBytes) bytes, this one has \(event.count)")
        }
        return InjectedPlace(sequence: try transaction.inject(event, by: actor, at: now.wall))
    }
}

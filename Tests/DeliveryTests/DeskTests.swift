import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("The dead-letter desk")
struct DeskTests {
    private static let actor = Actor("ann") ?? { preconditionFailure("a name") }()

    /// One order whose first event is dead, with another one behind it.
    private func withALetter(_ fault: any Error = EventFault.brokenRule("never")) throws -> (Harness, EventID) {
        let harness = try Harness()
        harness.faults.fail("a", with: fault)
        let dead = try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 4), "a", on: .payments)
        try harness.emit(World.Ordered(), "b")
        try harness.runOut()
        #expect(try harness.journal() == ["b Ordered"])
        return (harness, dead.id)
    }

    private func said(_ harness: Harness) throws -> [String] {
        try harness.events(.deadLetters(of: .inventory)).map { String($0.type.dropFirst(3)) }
    }

    private func actions(_ harness: Harness) throws -> [String] {
        try harness.strings("SELECT action || ' ' || actor FROM dead_letter_actions ORDER BY number")
    }

    // MARK: - Retry

    @Test("a retry has the effects once the cause is mended, and what waited behind follows in order")
    func retry() async throws {
        let (harness, id) = try withALetter()
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.failed])
        #expect(try harness.count("SELECT attempts FROM dead_letters") == 2)
        harness.faults.heal()
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered", "a Paid"])
        #expect(try harness.strings("SELECT state FROM dead_letters") == ["redriven"])
        #expect(try said(harness) == ["EventDeadLettered", "DeadLetterRedriven"])
        #expect(try actions(harness) == ["failed ann", "retried ann"])
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 3))

        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.notOpen], "done again, nothing changes")
        #expect(try harness.journal("a").count == 2)
        #expect(try said(harness).count == 2)
    }

    @Test("the order stops at the next event that fails, which is then the letter")
    func stopsAtTheNext() async throws {
        let (harness, id) = try withALetter()
        try harness.emit(World.Withdrawn(key: "k"), "a")
        try harness.run()
        harness.faults.heal()
        harness.faults.fail("a", type: World.Paid.type, with: EventFault.brokenRule("not that either"))
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered"], "the withdrawal waits behind the payment")
        #expect(try harness.strings("SELECT type FROM dead_letters WHERE state = 'open'") == [World.Paid.type])
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 4))
    }

    @Test("a retry of an event that had its effects is a duplicate and changes nothing")
    func duplicate() async throws {
        let (harness, id) = try withALetter()
        harness.faults.heal()
        // As an import into an older copy may leave it.
        try harness.execute(
            "INSERT INTO inbox (event_id, topic, offset) SELECT event_id, topic, offset FROM dead_letters")
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.duplicate])
        #expect(try harness.journal("a") == ["a Paid"], "what waited behind, and not the event again")
        #expect(try harness.strings("SELECT state FROM dead_letters") == ["redriven"])
    }

    @Test("however old the letter is, its retry has its effect once, though the inbox forgot it long ago")
    func old() async throws {
        let (harness, id) = try withALetter()
        harness.faults.heal()
        harness.clock.advance(by: .seconds(365 * 86_400))
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        try harness.emit(World.Ordered(), "c")  // its batch prunes the inbox
        try harness.runOut()
        #expect(try harness.count("SELECT count(*) FROM inbox") <= 2)
        let original = try #require(try harness.events(.orders).first { $0.id == id })
        try harness.emit(original)
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered", "a Paid"], "the same event at another offset")
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.notOpen])
    }

    @Test("a letter that nobody knows is said to be unknown, the others are retried")
    func unknown() async throws {
        let (harness, id) = try withALetter()
        harness.faults.heal()
        let other = EventID(high: 1, low: 1)
        #expect(try await harness.outcomes(.retry([other, id], by: Self.actor)) == [.unknown, .applied])
    }

    @Test("an outage undoes the whole request: nothing was done, nothing is on record")
    func outage() async throws {
        let (harness, id) = try withALetter()
        harness.faults.heal()
        harness.faults.fail("a", with: DatabaseError.busy)
        await #expect(throws: CommandUnavailable.self) {
            try await harness.ask(.retry([id], by: Self.actor))
        }
        #expect(try actions(harness).isEmpty)
        #expect(try harness.count("SELECT attempts FROM dead_letters") == 1)
        harness.faults.heal()
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
    }

    // MARK: - Discard

    @Test("a discard says what the card names, and what waited behind follows")
    func discard() async throws {
        let (harness, id) = try withALetter()
        harness.faults.heal()
        #expect(try await harness.outcomes(.discard([id], reason: "a test", by: Self.actor)) == [.discarded])
        try harness.runOut()
        let returned = try #require(try harness.events(.inventory).first { $0.type == World.Returned.type })
        #expect(returned.causationID == id)
        #expect(try harness.journal("a") == ["a Paid"])
        #expect(try said(harness) == ["EventDeadLettered", "DeadLetterDiscarded"])
        #expect(try harness.strings("SELECT reason FROM dead_letter_actions") == ["a test"])
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 5))
        #expect(try await harness.outcomes(.discard([id], reason: "again", by: Self.actor)) == [.notOpen])
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.notOpen])
    }

    @Test("a discard is refused where the card names no fact, and nothing changes")
    func discardRefused() async throws {
        let harness = try Harness()
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        let dead = try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.runOut()
        #expect(try await harness.outcomes(.discard([dead.id], reason: "r", by: Self.actor)) == [.refused])
        #expect(try harness.strings("SELECT state FROM dead_letters") == ["open"])
        #expect(try actions(harness).isEmpty)
    }

    @Test("bytes that are no event may be discarded: they name nobody who waits")
    func discardUnreadable() async throws {
        let harness = try Harness()
        try harness.emit(bytes: [1, 2, 3])
        try harness.runOut()
        let id = try #require(try harness.deadLetters().first?.eventID)
        #expect(try await harness.outcomes(.discard([id], reason: "noise", by: Self.actor)) == [.discarded])
    }

    // MARK: - Edit

    @Test("an edit stands in for the event at this service, in a rebuild too")
    func edit() async throws {
        let (harness, id) = try withALetter(EventFault.undecodable("x"))
        harness.faults.heal()
        let correction = Correction(
            type: World.Ordered.type, subject: nil, data: Array(#"{"quantity":7,"parts":1,"padding":0}"#.utf8))
        #expect(
            try await harness.outcomes(.edit(id, correction, reason: "seven", by: Self.actor)) == [.edited])
        #expect(try harness.journal("a").isEmpty, "an edit alone handles nothing")
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        try harness.runOut()
        #expect(try harness.count("SELECT ordered FROM totals WHERE subject = 'a'") == 7)
        #expect(try said(harness) == ["EventDeadLettered", "DeadLetterEdited", "DeadLetterRedriven"])
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 6))
    }

    @Test(
        "an edit that the type does not know is refused with the member",
        arguments: [
            (#"{"quantity":1,"parts":1,"padding":0,"qantity":2}"#, "qantity"), (#"{"quantity":"one"}"#, "quantity"),
            ("{", "read"),
        ])
    func editRefused(data: String, word: String) async throws {
        let (harness, id) = try withALetter()
        let correction = Correction(type: World.Ordered.type, subject: nil, data: Array(data.utf8))
        guard case .letters(let outcomes) = try await harness.ask(.edit(id, correction, reason: "r", by: Self.actor))
        else { return }
        #expect(outcomes.map(\.outcome) == [.refused])
        #expect(outcomes.first?.detail?.contains(word) == true, "\(outcomes)")
        #expect(try harness.count("SELECT count(*) FROM dead_letters WHERE corrected IS NOT NULL") == 0)
    }

    @Test("an edit that changes an amount is refused, unless the operator insists, and then it is on record")
    func editedAmount() async throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Paid.type, with: EventFault.brokenRule("never"))
        let dead = try harness.emit(World.Paid(amount: 4), "a", on: .payments)
        try harness.runOut()
        var correction = Correction(type: World.Paid.type, subject: nil, data: Array(#"{"amount":5}"#.utf8))
        guard
            case .letters(let refused) = try await harness.ask(.edit(dead.id, correction, reason: "r", by: Self.actor))
        else { return }
        #expect(refused.map(\.outcome) == [.refused])
        #expect(refused.first?.detail?.hasPrefix("amount: 4 → 5: ") == true, "\(refused)")
        #expect(refused.first?.detail?.contains("--force") == true)
        #expect(try actions(harness).isEmpty)
        correction.force = true
        #expect(try await harness.outcomes(.edit(dead.id, correction, reason: "r", by: Self.actor)) == [.edited])
        #expect(try harness.strings("SELECT detail FROM dead_letter_actions") == ["forced: amount: 4 → 5"])
        // What stays as it is needs no force.
        correction.force = false
        #expect(try await harness.outcomes(.edit(dead.id, correction, reason: "r", by: Self.actor)) == [.edited])
    }

    @Test("bytes that are no event become one by an edit, unless the order has others that wait")
    func editUnreadable() async throws {
        let (harness, _) = try withALetter()
        try harness.emit(bytes: [1, 2, 3])
        try harness.runOut()
        let letters = try harness.deadLetters()
        let id = try #require(letters.first { $0.errorKind == "undecodable" }?.eventID)
        let data = Array(#"{"quantity":3,"parts":0,"padding":0}"#.utf8)
        func edit(_ subject: String?) async throws -> [LetterOutcome.Outcome] {
            try await harness.outcomes(
                .edit(
                    id, Correction(type: World.Ordered.type, subject: subject, data: data), reason: "r",
                    by: Self.actor))
        }
        #expect(try await edit(nil) == [.refused], "which order?")
        #expect(try await edit("a") == [.refused], "a has events that wait")
        #expect(try await edit("c") == [.edited])
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        #expect(try harness.count("SELECT ordered FROM totals WHERE subject = 'c'") == 3)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 7))
    }

    // MARK: - Import

    private func exported(_ harness: Harness, _ id: EventID) throws -> ImportedLetter {
        let letter = try #require(try harness.deadLetters().first { $0.eventID == id })
        return ImportedLetter(
            eventID: id, topic: Topic(letter.topic), offset: letter.offset, event: letter.event,
            errorKind: letter.errorKind, error: letter.error, attempts: letter.attempts,
            firstFailedAt: Harness.start, diedAt: Harness.start)
    }

    @Test("an import of what is known here changes nothing; of what is not, it lies at the desk and can be retried")
    func importing() async throws {
        let (harness, id) = try withALetter()
        let letter = try exported(harness, id)
        #expect(try await harness.outcomes(.importLetters([letter], force: false, by: Self.actor)) == [.duplicate])

        let other = try Harness()
        #expect(try await other.outcomes(.importLetters([letter], force: false, by: Self.actor)) == [.imported])
        #expect(try await other.outcomes(.importLetters([letter], force: false, by: Self.actor)) == [.duplicate])
        #expect(try await other.outcomes(.retry([id], by: Self.actor)) == [.applied])
        #expect(try await other.outcomes(.importLetters([letter], force: true, by: Self.actor)) == [.duplicate])
        #expect(try other.journal() == ["a Ordered"])
        #expect(try other.digest() == other.rebuiltDigest(seed: 8), "the log does not hold it, the desk does")
    }

    @Test("an import older than the inbox window is refused without force")
    func oldImport() async throws {
        let (harness, id) = try withALetter()
        let letter = try exported(harness, id)
        let other = try Harness()
        other.clock.advance(by: other.limits.inboxWindow + .seconds(1))
        #expect(try await other.outcomes(.importLetters([letter], force: false, by: Self.actor)) == [.refused])
        #expect(try await other.outcomes(.importLetters([letter], force: true, by: Self.actor)) == [.imported])
    }

    // MARK: - Injecting and pausing

    @Test("injected events reach the topic as they are, are on record, and change nothing at their owner")
    func inject() async throws {
        let harness = try Harness()
        let bytes: [UInt8] = [9, 9, 9]
        let event = Envelope(
            id: EventID(high: 5, low: 5), source: "/test", type: World.Held.type, subject: "z", time: Harness.start,
            correlationID: CorrelationID(high: 1, low: 1), data: try World.Held(quantity: 3).encoded())
        let reply = try await harness.ask(.inject([bytes, try EventCoding.encode(event)], by: Self.actor))
        #expect(reply == .injected([InjectedPlace(sequence: 1), InjectedPlace(sequence: 2)]))
        #expect(try harness.raw(.inventory).first == bytes)
        #expect(try harness.count("SELECT count(*) FROM injected") == 2)
        #expect(try harness.count("SELECT count(*) FROM totals") == 0)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 9))
    }

    @Test("a paused consumer reads and retries nothing, over a restart too; the desk goes on")
    func pause() async throws {
        let (harness, id) = try withALetter()
        #expect(try await harness.ask(.pause(reason: "maintenance", by: Self.actor)) == .consumer(changed: true))
        #expect(try await harness.ask(.pause(reason: "again", by: Self.actor)) == .consumer(changed: false))
        #expect(harness.node.standing.pause?.reason == "maintenance")
        try harness.emit(World.Ordered(), "c")
        harness.faults.heal()
        #expect(try await harness.outcomes(.retry([id], by: Self.actor)) == [.applied])
        try harness.run()
        try harness.restart()
        try harness.run()
        #expect(harness.node.standing.pause?.actor == "ann")
        #expect(try harness.journal() == ["b Ordered", "a Ordered"])
        #expect(try await harness.ask(.resume(by: Self.actor)) == .consumer(changed: true))
        try harness.runOut()
        #expect(Set(try harness.journal()) == ["b Ordered", "a Ordered", "a Paid", "c Ordered"])
    }

    @Test("a request to a service that has stopped is refused, and so is one too many")
    func refused() async throws {
        let harness = try Harness()
        harness.consumer.close()
        await #expect(throws: CommandUnavailable.self) {
            try await harness.operators.submit(.resume(by: Self.actor))
        }
    }

    @Test("an actor has a name of visible text")
    func actors() {
        #expect(Actor("ann") != nil)
        #expect(Actor("") == nil)
        #expect(Actor("a\nb") == nil)
        #expect(Actor(String(repeating: "x", count: 101)) == nil)
    }
}

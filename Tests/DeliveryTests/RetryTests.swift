import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing

@Suite("Attempts and dead letters")
struct RetryTests {
    /// Moves to the next attempt and makes it.
    private func nextAttempt(_ harness: Harness) throws {
        guard case .idle(let due?) = try harness.consumer.turn() else { throw Broken("no attempt is due") }
        harness.clock.advance(by: due - harness.clock.monotonic() - .microseconds(1))
        #expect(try harness.consumer.turn() == .idle(until: due), "not a moment too early")
        harness.clock.advance(by: .microseconds(1))
        #expect(try harness.consumer.turn() == .worked)
    }

    private func attempts(_ harness: Harness) throws -> [Int] {
        try harness.node.database.read { try Int.fetchAll($0, sql: "SELECT attempts FROM parked ORDER BY arrival") }
    }

    @Test("an event that fails is tried three times, counted on over restarts, then dead with its bytes and its place")
    func threeAttempts() throws {
        let harness = try Harness()
        try harness.emit(World.Closed(), "other")
        let event = try harness.emit(World.Ordered(), "a")
        harness.faults.fail("a", with: Broken("no reason given"))
        let firstFailure = harness.clock.now()
        #expect(try harness.consumer.turn() == .worked)
        #expect(try attempts(harness) == [1])
        try harness.restart()
        try nextAttempt(harness)
        #expect(try attempts(harness) == [2])
        try harness.restart()
        try nextAttempt(harness)
        #expect(try attempts(harness) == [])

        let rows = try harness.rows("SELECT * FROM dead_letters")
        let row = try #require(rows.first)
        #expect(rows.count == 1)
        #expect(row["event_id"] == Data(event.id.bytes))
        #expect(row["topic"] == "orders")
        #expect(row["offset"] == 1)
        #expect(row["subject"] == "a")
        #expect(row["event"] == Data(try EventCoding.encode(event)))
        #expect(row["error_kind"] == "Broken")
        #expect(row["error"] == "no reason given")
        #expect(row["attempts"] == 3)
        #expect(row["first_failed_at"] == firstFailure.microseconds)
        #expect(row["died_at"] == harness.clock.now().microseconds)
        #expect(row["state"] == "open")

        try harness.run()
        let envelope = try #require(try harness.events(.deadLetters(of: .inventory)).first)
        #expect(envelope.type == "v1.EventDeadLettered")
        #expect(envelope.subject == "a")
        #expect(envelope.causationID == event.id)
        #expect(envelope.correlationID == event.correlationID)
        #expect(envelope.time >= event.time)
        #expect(
            try harness.deadLetters() == [
                V1.EventDeadLettered(
                    service: .inventory, eventID: event.id, topic: "orders", offset: 1,
                    event: try EventCoding.encode(event),
                    errorKind: "Broken", error: "no reason given", attempts: 3)
            ])
        #expect(try harness.events(.inventory).isEmpty)
        #expect(try harness.count("SELECT ordered FROM totals WHERE subject = 'a'") == -1, "no effect at all")
    }

    @Test("the pauses between attempts grow")
    func backoff() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.faults.fail("a")
        var pauses: [Duration] = []
        _ = try harness.consumer.turn()
        while case .idle(let due?) = try harness.consumer.turn() {
            pauses.append(due - harness.clock.monotonic())
            harness.clock.advance(by: due - harness.clock.monotonic())
            _ = try harness.consumer.turn()
        }
        try #require(pauses.count == 2)
        #expect(pauses[0] >= .milliseconds(50) && pauses[0] <= .milliseconds(150))
        #expect(pauses[1] >= .milliseconds(100) && pauses[1] <= .milliseconds(300))
    }

    @Test("an attempt that succeeds has the one effect and leaves no trace of the failure")
    func heals() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(quantity: 3), "a")
        harness.faults.fail("a", at: .fact)
        try harness.run()
        harness.faults.heal()
        try harness.runOut()
        #expect(try harness.journal() == ["a Ordered"])
        #expect(try harness.count("SELECT held FROM totals") == 3)
        #expect(try harness.events(.inventory).count == 1)
        #expect(
            try harness.count("SELECT count(*) FROM parked") + harness.count("SELECT count(*) FROM dead_letters") == 0)
        #expect(try harness.count("SELECT count(*) FROM inbox") == 1)
    }

    enum Hopeless: CaseIterable {
        case header, data, version, rule, tooLarge
    }

    @Test(
        "what cannot heal is dead at the first attempt, and the rest of the batch goes on", arguments: Hopeless.allCases
    )
    func hopeless(_ kind: Hopeless) throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "before")
        let expected: String
        switch kind {
        case .header:
            expected = "undecodable"
            try harness.emit(bytes: Array("garbage, and more than forty-eight bytes of it, in fact".utf8))
        case .data:
            expected = "undecodable"
            try harness.emit(World.Paid(amount: 3), "a", type: World.Ordered.type)
        case .version:
            expected = "unknown-version"
            try harness.emit(World.Ordered(), "a", type: "v2.Ordered")
        case .rule:
            expected = "broken-rule"
            try harness.emit(World.Ordered(), "a")
            harness.faults.fail("a", with: EventFault.brokenRule("never"))
        case .tooLarge:
            expected = "too-large"
            try harness.emit(World.Ordered(padding: 70_000), "a")
        }
        try harness.emit(World.Ordered(), "after")
        try harness.run()
        let letters = try harness.deadLetters()
        #expect(letters.map(\.errorKind) == [expected])
        #expect(letters.map(\.attempts) == [1])
        #expect(letters.map(\.event) == [try harness.raw(.orders)[1]])
        #expect(try harness.count("SELECT count(*) FROM dead_letters WHERE attempts = 1 AND offset = 1") == 1)
        #expect(try harness.journal() == ["before Ordered", "after Ordered"])
        #expect(try harness.count("SELECT count(*) FROM totals") == 2)
        #expect(
            try harness.events(.inventory).map(\.subject) == ["before", "after"], "nothing of the failed one is left")
        #expect(harness.consumer.counts.failed == 0)
    }

    @Test("a newer version that says it is the twin of one known here is skipped, an unknown one is not")
    func twin() throws {
        let harness = try Harness()
        let known = try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Ordered(), "a", type: "v2.Ordered", twinOf: known.id)
        try harness.run()
        #expect(try harness.deadLetters().isEmpty)
        #expect(harness.consumer.counts.skipped == 1)
        try harness.emit(World.Ordered(), "a", type: "v3.Ordered")
        try harness.run()
        #expect(try harness.deadLetters().map(\.errorKind) == ["unknown-version"])
    }

    @Test("types that the service does not subscribe to are skipped, counted, and move the position")
    func skips() throws {
        let harness = try Harness()
        for _ in 0..<3 { try harness.emit(World.Closed(), "a") }
        try harness.emit(World.Closed(), "a", type: "v9.Whatever")
        // The same name on another topic is another type.
        try harness.emit(World.Ordered(), "a", on: .payments)
        try harness.run()
        #expect(harness.consumer.counts.skipped == 5)
        #expect(harness.consumer.counts.handled == 0)
        #expect(try harness.count("SELECT next_offset FROM consumer_positions WHERE topic = 'orders'") == 4)
        #expect(try harness.count("SELECT next_offset FROM consumer_positions WHERE topic = 'payments'") == 1)
        #expect(try harness.count("SELECT count(*) FROM inbox") == 0)
        try harness.restart()
        try harness.run()
        #expect(harness.consumer.counts.skipped == 0, "what was skipped is not read again")
    }

    @Test("a position is stored only for topics that were read")
    func positions() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        #expect(try harness.strings("SELECT topic FROM consumer_positions") == ["orders"])
    }

    @Test("a dead letter that cannot be announced is kept, and stops nothing")
    func unannounceable() throws {
        let harness = try Harness()
        try harness.emit(bytes: [UInt8](repeating: 7, count: 250_000))
        try harness.emit(World.Ordered(), "b")
        harness.faults.fail("b", with: EventFault.brokenRule(String(repeating: "long ", count: 100_000)))
        try harness.emit(World.Ordered(), "c")
        try harness.run()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 2)
        #expect(try harness.count("SELECT length(event) FROM dead_letters WHERE offset = 0") == 250_000)
        #expect(try harness.count("SELECT max(length(error)) FROM dead_letters") == 2000)
        #expect(try harness.deadLetters().map(\.offset) == [1])
        #expect(try harness.journal() == ["c Ordered"])
        #expect(harness.consumer.counts.buried == 2)
    }

    @Test("a failing event about a dead letter makes no other dead letter's event")
    func deadLetterOfADeadLetter() throws {
        let harness = try Harness { faults in
            ServiceCard(
                name: .notification, subscriptions: [Subscription(.deadLetters(of: .order), Alarm())], facts: [],
                digest: [],
                createTables: World.inventory(faults).createTables)
        }
        let letter = V1.EventDeadLettered(
            service: .order, eventID: EventID(high: 1, low: 1), topic: "orders", offset: 0, event: [1], errorKind: "k",
            error: "e",
            attempts: 3)
        try harness.emit(letter, "a", on: .deadLetters(of: .order))
        try harness.run()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 1)
        #expect(harness.consumer.counts.buried == 1)
        #expect(try harness.deadLetters().isEmpty)
    }

    private struct Alarm: EventHandler {
        func decide(_ event: Delivered<V1.EventDeadLettered>, in db: Database) throws -> [Outgoing] {
            throw EventFault.brokenRule("cannot be told")
        }
    }

    @Test("a dead letter's time is never before its cause's, whatever the clock says")
    func timeOfDeath() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a", at: harness.clock.now() + .seconds(60))
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        try harness.run()
        #expect(try harness.events(.deadLetters(of: .inventory)).map(\.time) == [Harness.start + .seconds(60)])
    }
}

@Suite("Slow path: one savepoint an event")
struct SavepointTests {
    @Test(
        "others of the batch keep their effects, once and in order, and the outbox stays gapless",
        arguments: Faults.Point.all)
    func others(point: Faults.Point) throws {
        let harness = try Harness()
        for subject in ["a", "b", "bad", "c", "bad2", "d"] {
            try harness.emit(World.Ordered(quantity: 1, parts: 2), subject)
        }
        harness.faults.fail("bad", at: point)
        harness.faults.fail("bad2", at: point, with: EventFault.brokenRule("never"))
        #expect(try harness.consumer.turn() == .worked)
        #expect(try harness.journal() == ["a Ordered", "b Ordered", "c Ordered", "d Ordered"])
        #expect(
            try harness.strings("SELECT sequence || '' FROM outbox WHERE topic = 'inventory' ORDER BY sequence")
                == (1...8).map(String.init))
        #expect(try harness.count("SELECT next_sequence FROM outbox_topics WHERE topic = 'inventory'") == 9)
        harness.faults.heal()
        try harness.runOut()
        #expect(
            try harness.events(.inventory).map(\.subject) == ["a", "a", "b", "b", "c", "c", "d", "d", "bad", "bad"])
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 8))
    }

    @Test("an event that fails with its last outgoing one takes back those before it, rows, sequences and calls")
    func lastOutgoing() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(quantity: 1, parts: 2), "a")
        try harness.emit(World.Ordered(quantity: 1, parts: 3, padding: 70_000), "bad")
        try harness.emit(World.Withdrawn(key: "never", padding: 70_000), "bad too")
        try harness.emit(World.Withdrawn(key: "made"), "b")
        try harness.emit(World.Ordered(quantity: 1, parts: 2), "c")
        try harness.run()
        #expect(try harness.events(.inventory).map(\.subject) == ["a", "a", "c", "c"])
        #expect(try harness.deadLetters().map(\.errorKind) == ["too-large", "too-large"])
        #expect(harness.node.newIntents.take().intents.map(\.key) == ["made"])
        #expect(try harness.strings("SELECT key FROM intents") == ["made"])
        #expect(try harness.count("SELECT next_sequence FROM outbox_topics WHERE topic = 'inventory'") == 5)
    }

    @Test("a failed event's calls to the outside are neither recorded nor made")
    func intents() throws {
        let harness = try Harness()
        try harness.emit(World.Withdrawn(key: "one"), "a")
        try harness.emit(World.Withdrawn(key: "two"), "bad")
        try harness.emit(World.Withdrawn(key: "one"), "clash")
        try harness.emit(World.Withdrawn(key: "three"), "c")
        harness.faults.fail("bad")
        _ = try harness.consumer.turn()
        #expect(try harness.strings("SELECT key FROM intents ORDER BY key") == ["one", "three"])
        #expect(harness.node.newIntents.take().intents.map(\.key) == ["one", "three"])
        #expect(try harness.strings("SELECT subject FROM parked ORDER BY arrival") == ["bad", "clash"])
    }

    @Test("calls recorded in a transaction that fails are not made")
    func intentsOfAFailedTransaction() throws {
        let harness = try Harness()
        try harness.emit(World.Withdrawn(key: "one"), "a")
        try harness.emit(World.Ordered(), "b")
        harness.faults.fail("b", with: DatabaseError.busy)
        #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
        #expect(harness.node.newIntents.take().intents.isEmpty)
        harness.faults.heal()
        try harness.run()
        #expect(harness.node.newIntents.take().intents.map(\.key) == ["one"])
    }
}

extension Faults.Point {
    static let all: [Faults.Point] = [.apply, .decide, .fact]
}

import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("Inbox: an event counts once")
struct InboxTests {
    @Test("one id at two offsets has one effect and is counted as a duplicate", arguments: [1, 512])
    func duplicate(batch: Int) throws {
        let harness = try Harness(batch: batch)
        let event = try harness.emit(World.Ordered(), "a")
        try harness.emit(event)
        try harness.run()
        try harness.restart()
        try harness.emit(event)
        try harness.emit(World.Ordered(), "b")
        try harness.run()
        #expect(try harness.journal() == ["a Ordered", "b Ordered"])
        #expect(try harness.events(.inventory).map(\.subject) == ["a", "b"])
        #expect(harness.consumer.counts.duplicates == 1)
        #expect(harness.consumer.counts.handled == 1)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 5))
    }

    @Test("duplicates are counted once, though the batch is run again because of another event")
    func countedOnce() throws {
        let harness = try Harness()
        let event = try harness.emit(World.Ordered(), "a")
        try harness.emit(event)
        try harness.emit(World.Paid(amount: 1), "x", on: .notifications)
        try harness.emit(World.Closed(), "a")
        harness.faults.fail("b")
        try harness.emit(World.Ordered(), "b")
        _ = try harness.consumer.turn()
        var expected = ConsumerCounts()
        expected.handled = 1
        expected.duplicates = 1
        expected.skipped = 1
        expected.failed = 1
        #expect(harness.consumer.counts == expected)
    }

    @Test("an event that is parked, dead or discarded is a duplicate when it comes again")
    func knownAtTheDesk() throws {
        let harness = try Harness()
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        let dead = try harness.emit(World.Ordered(), "a")
        let parked = try harness.emit(World.Paid(amount: 4), "a", on: .payments)
        try harness.run()
        try harness.emit(dead)
        try harness.emit(parked, on: .payments)
        try harness.run()
        #expect(harness.consumer.counts.duplicates == 2)
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 1)
        #expect(try harness.count("SELECT count(*) FROM parked") == 1)

        // Discarded: the subject is no longer held up, the event stays known, whatever it would do.
        try harness.execute("UPDATE dead_letters SET state = 'discarded'")
        try harness.restart()
        try harness.emit(dead)
        try harness.run()
        #expect(harness.consumer.counts.duplicates == 1)
        #expect(try harness.journal() == [])
    }

    @Test("an id that comes again under another subject, and fails there, is a duplicate and stops nothing")
    func otherSubject() throws {
        let harness = try Harness()
        harness.faults.fail("a")
        harness.faults.fail("z", with: EventFault.brokenRule("never"))
        var event = try harness.emit(World.Ordered(), "a")
        _ = try harness.consumer.turn()
        event.subject = "z"
        try harness.emit(event)
        try harness.emit(World.Ordered(), "b")
        _ = try harness.consumer.turn()
        #expect(harness.consumer.counts.duplicates == 1)
        #expect(try harness.journal() == ["b Ordered"])
    }

    @Test("the same fact in two versions, both known, has one effect", arguments: [true, false])
    func twins(olderFirst: Bool) throws {
        let harness = try Harness { faults in
            let card = World.inventory(faults)
            return ServiceCard(
                name: card.name, subscriptions: card.subscriptions + [Subscription(.orders, OnOrdered2())],
                facts: card.facts,
                digest: card.digest, createTables: card.createTables)
        }
        let older = try harness.emit(World.Ordered(), "other")
        var first = older
        first.subject = "a"
        first = Envelope(
            id: EventID(high: 1 << 20, low: 1), source: "/test", type: World.Ordered.type, subject: "a",
            time: older.time,
            correlationID: older.correlationID, data: older.data)
        let second = Envelope(
            id: EventID(high: 1 << 20, low: 2), source: "/test", type: Ordered2.type, subject: "a", time: older.time,
            correlationID: older.correlationID, twinOf: first.id, data: older.data)
        for event in olderFirst ? [first, second] : [second, first] { try harness.emit(event) }
        try harness.run()
        #expect(try harness.count("SELECT ordered FROM totals WHERE subject = 'a'") == 1)
        #expect(harness.consumer.counts.duplicates == 1)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 1))
    }

    private struct Ordered2: EventPayload {
        static let type = "v2.Ordered"
        var quantity: Int64
    }

    private struct OnOrdered2: EventHandler {
        func apply(_ event: Delivered<Ordered2>, in db: Database) throws {
            try World.add(event.payload.quantity, to: "ordered", of: event.envelope.subject, db)
            try db.execute(
                sql: "UPDATE totals SET last_fact = ?, held = 1, last_held = ? WHERE subject = ?",
                arguments: [event.time.microseconds, event.time.microseconds, event.envelope.subject])
        }

        func decide(_ event: Delivered<Ordered2>, in db: Database) throws -> [Outgoing] { [] }
    }
}

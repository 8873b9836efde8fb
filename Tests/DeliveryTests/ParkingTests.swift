import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("Parking: an order's events wait for their turn, other orders flow")
struct ParkingTests {
    @Test("while an event waits, the later ones of its subject park behind it across topics, and others flow")
    func parks() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.emit(World.Ordered(), "b")
        try harness.run()
        try harness.emit(World.Withdrawn(key: "k"), "a")
        try harness.emit(World.Paid(amount: 1), "b", on: .payments)
        try harness.run()
        #expect(try harness.journal() == ["b Ordered", "b Paid"])
        #expect(
            try harness.strings(
                "SELECT topic || ' ' || attempts || ' ' || (next_attempt_at IS NULL) FROM parked ORDER BY arrival")
                == ["orders 1 0", "payments 0 1", "orders 0 1"])
        #expect(harness.consumer.counts.parked == 2)

        try harness.restart()
        try harness.emit(World.Paid(amount: 5), "a", on: .payments)
        try harness.run()
        harness.faults.heal()
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered", "a Paid", "a Withdrawn", "a Paid"])
        #expect(try harness.count("SELECT count(*) FROM parked") == 0)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 2))
    }

    @Test("a retry that succeeds releases the next one, one turn each, and a restart in between changes nothing")
    func oneAfterTheOther() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        for amount in 1...4 { try harness.emit(World.Paid(amount: Int64(amount)), "a", on: .payments) }
        try harness.run()
        harness.faults.heal()
        guard case .idle(let due?) = try harness.consumer.turn() else { throw Broken("nothing is due") }
        harness.clock.advance(by: due - harness.clock.monotonic())
        for done in 1...5 {
            #expect(try harness.consumer.turn() == .worked)
            #expect(try harness.journal().count == done)
            try harness.restart()
        }
        #expect(try harness.consumer.turn() == .idle(until: nil))
        #expect(try harness.count("SELECT paid FROM totals") == 10)
    }

    @Test("a follower that fails gets three attempts of its own")
    func followerFails() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        harness.faults.fail("a", type: World.Paid.type)
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        try harness.emit(World.Withdrawn(key: "k"), "a")
        try harness.run()
        harness.faults.heal("a")
        harness.faults.fail("a", type: World.Paid.type)
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered"])
        #expect(try harness.deadLetters().map(\.topic) == ["payments"])
        #expect(try harness.deadLetters().map(\.attempts) == [3])
        #expect(try harness.strings("SELECT subject || ' ' || attempts FROM parked") == ["a 0"], "the withdrawal waits")
    }

    @Test("behind a dead letter everything of the subject waits, after restarts too")
    func behindADeadLetter() throws {
        let harness = try Harness()
        harness.faults.fail("a", with: EventFault.brokenRule("never"))
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        harness.faults.heal()
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.restart()
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Ordered(), "b")
        try harness.runOut()
        #expect(try harness.journal() == ["b Ordered"])
        #expect(try harness.count("SELECT count(*) FROM parked WHERE next_attempt_at IS NULL") == 2)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 2))
    }

    @Test("an event of an unknown version waits behind an earlier one of its subject before it dies")
    func unknownVersionBehind() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Withdrawn(key: "k"), "a")
        try harness.emit(World.Ordered(), "a", type: "v2.Ordered")
        try harness.emit(World.Withdrawn(key: "l"), "a")
        try harness.run()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
        harness.faults.heal()
        try harness.runOut()
        #expect(try harness.journal("a") == ["a Ordered", "a Withdrawn"], "all that came before the dead one")
        #expect(try harness.deadLetters().map(\.errorKind) == ["unknown-version"])
        #expect(try harness.count("SELECT count(*) FROM parked") == 1)
    }

    @Test("a retry that succeeds releases nothing of a subject that has a dead letter")
    func releaseBesideADeadLetter() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        // As the desk may leave it: a dead letter of the subject beside one that is tried again.
        try harness.execute(
            """
            INSERT INTO dead_letters
                (event_id, topic, offset, subject, type, event, error_kind, error, signature, attempts, first_failed_at,
                died_at)
            VALUES (x'01', 'orders', 99, 'a', '', x'', 'k', 'e', 'k', 1, 0, 0)
            """)
        harness.faults.heal()
        try harness.runOut()
        #expect(try harness.journal() == ["a Ordered"])
        #expect(try harness.count("SELECT count(*) FROM parked WHERE next_attempt_at IS NULL") == 1)
    }

    @Test("a parked event that is delivered again is a duplicate")
    func duplicateOfParked() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        let head = try harness.emit(World.Ordered(), "a")
        let follower = try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        try harness.emit(head)
        try harness.emit(follower, on: .payments)
        try harness.run()
        #expect(harness.consumer.counts.duplicates == 2)
        harness.faults.heal()
        try harness.runOut()
        try harness.emit(follower, on: .payments)
        try harness.run()
        #expect(harness.consumer.counts.duplicates == 3)
        #expect(try harness.journal("a") == ["a Ordered", "a Paid"])
    }

    @Test("an event already applied, delivered again while its subject is held up, is a duplicate and does not park")
    func duplicateOfApplied() throws {
        let harness = try Harness()
        let applied = try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        try harness.emit(applied, on: .payments)
        try harness.run()
        #expect(harness.consumer.counts.duplicates == 1)
        #expect(try harness.count("SELECT count(*) FROM parked") == 1)
    }

    @Test("retries in great number do not keep new events waiting")
    func fairness() throws {
        let harness = try Harness()
        harness.faults.fail("a", type: World.Ordered.type)
        try harness.emit(World.Ordered(), "a")
        for _ in 0..<50 { try harness.emit(World.Paid(amount: 1), "a", on: .payments) }
        try harness.run()
        harness.faults.heal()
        harness.clock.advance(by: .seconds(1))
        try harness.emit(World.Ordered(), "b")
        _ = try harness.consumer.turn()
        _ = try harness.consumer.turn()
        #expect(try harness.journal("b") == ["b Ordered"])
        #expect(try harness.count("SELECT count(*) FROM parked") > 40)
    }

    @Test("what was rolled back holds up nobody: parking in memory is what is on disk")
    func parkingAfterRollback() throws {
        let harness = try Harness()
        harness.faults.fail("a")
        harness.faults.fail("z", with: Broken("first"))
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Ordered(), "z")
        try harness.emit(World.Ordered(), "y")
        // The slow path parks "a", then stands at "y": all of it is undone.
        harness.faults.fail("y", with: DatabaseError.busy)
        #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
        harness.faults.heal()
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        #expect(try harness.journal() == ["a Ordered", "z Ordered", "y Ordered", "a Paid"])
        #expect(try harness.count("SELECT count(*) FROM parked") == 0)
    }
}

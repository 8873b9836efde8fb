import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("Crashes: one effect and one event, wherever the process died")
struct CrashTests {
    /// What one run of `script` leaves, killed or not.
    private func expectWhole(_ harness: Harness, _ killed: Comment) throws {
        #expect(
            try harness.journal().sorted() == ["a Ordered", "a Paid", "b Ordered", "c Withdrawn", "p Ordered"], killed)
        #expect(
            try harness.rows("SELECT subject, ordered, withdrawn, paid, held FROM totals ORDER BY subject").map {
                "\($0)"
            } == [
                "[subject:\"a\" ordered:2 withdrawn:0 paid:30 held:4]",
                "[subject:\"b\" ordered:1 withdrawn:0 paid:0 held:1]",
                "[subject:\"c\" ordered:0 withdrawn:1 paid:0 held:0]",
                "[subject:\"p\" ordered:5 withdrawn:0 paid:0 held:5]",
            ], killed)
        let events = try harness.events(.inventory)
        #expect(events.map(\.subject).sorted() == ["a", "a", "b", "p"], killed)
        #expect(Set(events.map(\.id)).count == 4, killed)
        #expect(try harness.deadLetters().count == 1, killed)
        #expect(try harness.strings("SELECT key FROM intents WHERE state = 'open'") == ["return:c"], killed)
        #expect(try harness.count("SELECT count(*) FROM inbox") == 5, killed)
        #expect(try harness.count("SELECT count(*) FROM outbox") == 0, killed)
        #expect(try harness.count("SELECT count(*) FROM parked") == 0, killed)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 3), killed)
    }

    private func script(_ harness: Harness) throws {
        try harness.emit(World.Ordered(quantity: 2, parts: 2), "a")
        try harness.emit(World.Ordered(), "b")
        try harness.emit(World.Withdrawn(key: "return:c"), "c")
        try harness.emit(bytes: Array("no event".utf8))
        try harness.emit(World.Paid(amount: 30), "a", on: .payments)
        try harness.emit(World.Ordered(quantity: 5), "p")
    }

    @Test(
        "killed before any SQL statement of consumer and relay, and started again, it ends the same",
        .timeLimit(.minutes(5)))
    func everyStatement() throws {
        // The database's files and the log as they were at each statement, then a new life from each.
        let harness = try Harness(batch: 3)
        try script(harness)
        harness.faults.fail("p")
        var snapshots: [(directory: TemporaryDirectory, log: InMemoryEventLog, time: Timestamp)] = []
        var failed: (any Error)?
        func snapshot() {
            do {
                let copy = try TemporaryDirectory()
                for suffix in ["", "-wal"] {
                    let name = "inventory.db\(suffix)"
                    guard FileManager.default.fileExists(atPath: "\(harness.directory.path)/\(name)") else { continue }
                    try FileManager.default.copyItem(
                        atPath: "\(harness.directory.path)/\(name)", toPath: "\(copy.path)/\(name)")
                }
                snapshots.append((copy, try harness.log.inner.copy(), harness.clock.now()))
            } catch {
                failed = failed ?? error
            }
        }
        try harness.node.database.read { db in db.trace { _ in snapshot() } }
        try harness.run()
        harness.faults.heal()
        try harness.runOut()
        try harness.node.database.read { db in db.trace(nil) }
        if let failed { throw failed }
        try expectWhole(harness, "never killed")
        #expect(snapshots.count > 60, "statements of consumer and relay")

        for (number, snapshot) in snapshots.enumerated() {
            let life = try Harness(
                log: FaultyLog(snapshot.log), clock: ManualClock(snapshot.time), seed: UInt64(number), batch: 3,
                directory: snapshot.directory)
            try life.runOut()
            #expect(life.consumer.counts.duplicates == 0, "killed before statement \(number), it read an event twice")
            try expectWhole(life, "killed before statement \(number)")
        }
    }

    @Test(
        "a commit that fails leaves neither effect nor event nor position", arguments: [DatabaseError.busy, .ioError])
    func failedCommit(error: DatabaseError) throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        let observer = FailingCommit(error)
        try harness.node.database.read { $0.add(transactionObserver: observer, extent: .observerLifetime) }
        #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
        for table in ["inbox", "outbox", "outbox_topics", "consumer_positions", "journal", "totals"] {
            #expect(try harness.count("SELECT count(*) FROM \(table)") == 0, "\(table)")
        }
        try harness.restart()
        try harness.run()
        #expect(try harness.events(.inventory).count == 1)
        #expect(try harness.journal() == ["a Ordered"])
    }

    @Test(
        "a fault of the environment in any part of a handler leaves nothing, and the event is handled once afterwards",
        arguments: [Faults.Point.apply, .decide, .fact])
    func faultInHandler(point: Faults.Point) throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "b")
        try harness.emit(World.Ordered(), "a")
        harness.faults.fail("a", at: point, with: DatabaseError.busy)
        for _ in 0..<5 {
            #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
            #expect(try harness.journal() == [])
        }
        try harness.restart()
        harness.faults.heal()
        try harness.run()
        #expect(try harness.journal() == ["b Ordered", "a Ordered"])
        #expect(try harness.events(.inventory).count == 2)
        #expect(
            try harness.count("SELECT count(*) FROM parked") + harness.count("SELECT count(*) FROM dead_letters") == 0)
    }

    @Test("two services go through every order once, though one of them is killed after each turn")
    func twoServices() throws {
        let log = FaultyLog()
        let clock = ManualClock(Harness.start)
        let inventory = try Harness(log: log, clock: clock, batch: 7)
        let order = try Harness({ _ in World.order() }, log: log, clock: clock, seed: 2, batch: 5)
        for number in 0..<40 {
            // A command of the order service: no event starts it.
            try order.node.execute { _, now in
                CommandDecision(
                    reply: (),
                    command: Command(key: "order:\(number)", correlationID: CorrelationID(high: 1, low: 1), at: now),
                    outgoing: [.event(World.Ordered(), subject: "o-\(number)")])
            }
        }
        var turns = 0
        while try order.turn() || inventory.turn() {
            turns += 1
            try #require(turns < 1_000, "the services never come to rest")
            try (turns % 2 == 0 ? order : inventory).restart()
        }
        #expect(try log.inner.openReader(of: .orders, from: nil).end() == 80)
        #expect(try inventory.events(.inventory).count == 40)
        #expect(try order.count("SELECT count(*) FROM closed WHERE times = 1 AND ordered = 1") == 40)
    }
}

/// Fails every commit.
private final class FailingCommit: TransactionObserver {
    let error: DatabaseError

    init(_ error: DatabaseError) {
        self.error = error
    }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { throw error }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

extension InMemoryEventLog {
    /// Another log with the same events.
    fileprivate func copy() throws -> InMemoryEventLog {
        let copy = InMemoryEventLog()
        for topic: Topic in [.orders, .payments, .inventory, .deadLetters(of: .inventory)] {
            let events = try openReader(of: topic, from: nil).read(maximumEvents: .max, maximumBytes: .max)
            let writer = try copy.openWriter(of: topic)
            try writer.append(events.map { Array($0.bytes) }, firstSequence: 1)
            writer.close()
        }
        return copy
    }
}

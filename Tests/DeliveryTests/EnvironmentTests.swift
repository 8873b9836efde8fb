import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing

@Suite("Outages count no attempt and bury nothing")
struct EnvironmentTests {
    private func expectUntouched(_ harness: Harness) throws {
        #expect(try harness.count("SELECT count(*) FROM parked") == 0)
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
        #expect(try harness.count("SELECT count(*) FROM inbox") == 0)
        #expect(try harness.count("SELECT count(*) FROM consumer_positions") == 0)
        #expect(harness.consumer.counts == ConsumerCounts())
    }

    private func isEnvironment(_ error: any Error) -> Bool {
        if case .environment = Fault.classify(error) { true } else { false }
    }

    @Test("a full database: nothing happens until there is room, however late the page is missed", arguments: 0..<12)
    func full(room: Int) throws {
        let harness = try Harness()
        for number in 0..<60 { try harness.emit(World.Ordered(quantity: 1, parts: 1, padding: 1500), "o-\(number)") }
        let pages = try harness.count("PRAGMA page_count")
        try harness.execute("PRAGMA max_page_count = \(pages + room)")
        for _ in 0..<5 {
            let error = #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
            #expect(error?.resultCode == .SQLITE_FULL)
            try expectUntouched(harness)
        }
        try harness.execute("PRAGMA max_page_count = 1000000")
        try harness.run()
        #expect(try harness.journal().count == 60)
        #expect(try harness.events(.inventory).count == 60)
    }

    @Test("a full database while an event of the batch is at fault: it keeps its attempts")
    func fullInTheSlowPath() throws {
        let harness = try Harness()
        harness.faults.fail("bad")
        try harness.emit(World.Ordered(), "bad")
        for number in 0..<60 { try harness.emit(World.Ordered(quantity: 1, parts: 1, padding: 1500), "o-\(number)") }
        try harness.execute("PRAGMA max_page_count = \(harness.count("PRAGMA page_count") + 4)")
        // The bad event is met first, so the fast path gives up before the disk is full.
        let error = #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
        #expect(error.map(isEnvironment) == true)
        try expectUntouched(harness)
        try harness.execute("PRAGMA max_page_count = 1000000")
        try harness.run()
        #expect(try harness.count("SELECT attempts FROM parked") == 1)
        #expect(try harness.journal().count == 60)
    }

    @Test("a handler that swallows the full disk cannot turn the outage into a fault of the event")
    func swallowed() throws {
        let harness = try Harness { faults in
            let card = World.inventory(faults)
            return ServiceCard(
                name: card.name, subscriptions: [Subscription(.orders, Swallowing())], facts: card.facts,
                digest: card.digest,
                createTables: card.createTables)
        }
        try harness.emit(World.Ordered(), "a")
        try harness.execute("PRAGMA max_page_count = \(harness.count("PRAGMA page_count") + 2)")
        for _ in 0..<4 {
            let error = #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
            #expect(error.map(isEnvironment) == true)
        }
        try harness.execute("PRAGMA max_page_count = 1000000")
        #expect(
            try harness.count("SELECT count(*) FROM parked") + harness.count("SELECT count(*) FROM dead_letters") == 0)
    }

    private struct Swallowing: EventHandler {
        func decide(_ event: Delivered<World.Ordered>, in db: Database) throws -> [Outgoing] {
            for _ in 0..<20 {
                try? db.execute(
                    sql: "INSERT INTO journal (event_id, subject, type) VALUES (x'', 's', ?)",
                    arguments: [String(repeating: "x", count: 100_000)])
            }
            return []
        }
    }

    @Test("a database that somebody else writes: nothing happens until the lock is free")
    func busy() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        let other = try DatabaseQueue(path: harness.path)
        try other.inDatabase { db in
            try db.inTransaction(.immediate) {
                for _ in 0..<5 {
                    let error = #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
                    #expect(error?.resultCode == .SQLITE_BUSY)
                    try expectUntouched(harness)
                }
                return .rollback
            }
        }
        try harness.run()
        #expect(try harness.journal() == ["a Ordered"])
    }

    @Test("an outage during a retry counts no attempt", arguments: [DatabaseError.busy, .ioError])
    func duringRetry(error: DatabaseError) throws {
        let harness = try Harness()
        harness.faults.fail("a")
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        try harness.run()
        harness.clock.advance(by: .seconds(1))
        harness.faults.fail("a", with: error)
        for _ in 0..<5 { #expect(throws: DatabaseError.self) { try harness.consumer.turn() } }
        #expect(try harness.count("SELECT sum(attempts) FROM parked") == 1)
        harness.faults.heal()
        try harness.run()
        #expect(try harness.journal() == ["a Ordered", "a Paid"])
    }

    @Test("a log that cannot be read: the consumer stands where it stood")
    func unreadableLog() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.log.fail(.read, with: .unreadable(topic: .orders, file: "f", operation: "open", errno: 24))
        for _ in 0..<3 {
            let error = #expect(throws: LogError.self) { try harness.consumer.turn() }
            #expect(error.map(isEnvironment) == true)
        }
        harness.log.heal()
        try harness.run()
        #expect(try harness.journal() == ["a Ordered"])
    }

    @Test(
        "a topic that cannot be read: what was taken from another one before is handled, not forgotten",
        arguments: [1, 2])
    func oneUnreadableTopic(turns: Int) throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.emit(World.Paid(amount: 1), "a", on: .payments)
        harness.log.failReads(
            of: .payments, with: .acknowledgedDataLost(topic: .payments, end: 0, expected: 1, witness: "this reader"))
        #expect(try harness.consumer.turn() == .worked)
        for _ in 1..<turns {
            let error = #expect(throws: LogError.self) { try harness.consumer.turn() }
            #expect(error.map(isEnvironment) == true)
        }
        harness.log.heal()
        try harness.run()
        #expect(try harness.journal() == ["a Ordered", "a Paid"])
    }

    @Test("a batch kept over an outage is handled whole afterwards, with what came since behind it")
    func batchIsKept() throws {
        let harness = try Harness()
        harness.faults.fail("b", with: DatabaseError.busy)
        for subject in ["a", "b", "c"] { try harness.emit(World.Ordered(), subject) }
        #expect(throws: DatabaseError.self) { try harness.consumer.turn() }
        try harness.emit(World.Ordered(), "d")
        harness.faults.heal()
        try harness.run()
        #expect(try harness.journal() == ["a", "b", "c", "d"].map { "\($0) Ordered" })
        #expect(try harness.count("SELECT next_offset FROM consumer_positions") == 4)
    }
}

import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing

@Suite("Outbox and relay")
struct OutboxRelayTests {
    private static let killed = LogError.syncFailed(topic: .inventory, file: "frame", errno: 5)

    @Test("what was committed and not published before a kill is published after it, once, in order")
    func killBeforePublishing() throws {
        let harness = try Harness()
        for number in 0..<5 { try harness.emit(World.Ordered(), "o-\(number)") }
        #expect(try harness.consumer.turn() == .worked)
        #expect(try harness.events(.inventory).isEmpty)
        try harness.restart()
        try harness.run()
        #expect(try harness.events(.inventory).map(\.subject) == (0..<5).map { "o-\($0)" })
    }

    @Test("killed between append and mark, the relay goes on where the log ends and appends nothing twice")
    func killBetweenAppendAndMark() throws {
        let harness = try Harness()
        for number in 0..<5 { try harness.emit(World.Ordered(), "o-\(number)") }
        _ = try harness.consumer.turn()
        harness.log.fail(.afterAppend, with: Self.killed)
        #expect(throws: Self.killed) { try harness.relays[0].turn() }
        #expect(try harness.events(.inventory).count == 5)
        #expect(try harness.count("SELECT published_sequence FROM outbox_topics") == 0, "the mark was not moved")
        harness.log.heal()
        try harness.restart()
        try harness.emit(World.Ordered(), "o-5")
        try harness.run()
        #expect(try harness.events(.inventory).map(\.subject) == (0..<6).map { "o-\($0)" })
        #expect(try harness.count("SELECT published_sequence FROM outbox_topics WHERE topic = 'inventory'") == 6)
        #expect(try harness.count("SELECT count(*) FROM outbox") == 0, "published rows are pruned")
    }

    @Test("events keep the bytes that the outbox holds")
    func bytesAreNotTouched() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(quantity: 3, parts: 3), "a")
        _ = try harness.consumer.turn()
        let rows = try harness.node.database.read {
            try Data.fetchAll($0, sql: "SELECT event FROM outbox ORDER BY sequence")
        }
        try harness.run()
        #expect(try harness.raw(.inventory) == rows.map { [UInt8]($0) })
    }

    @Test("a log that ends before what was published is refused")
    func logBehindTheMark() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        let emptied = FaultyLog()
        let mismatch = #expect(throws: OutboxMismatch.self) {
            try OutboxRelay(topic: .inventory, node: harness.node, log: emptied)
        }
        #expect(mismatch?.description.contains("the log lost data") == true)
        // The refusal gave the topic back.
        _ = try emptied.openWriter(of: .inventory)
    }

    @Test("a database that made fewer events than the log holds is refused as an old copy")
    func databaseBehindTheLog() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        harness.relays[0].close()
        let more = try harness.log.inner.openWriter(of: .inventory)
        try more.append([[1]], firstSequence: 2)
        more.close()
        let mismatch = #expect(throws: OutboxMismatch.self) {
            try OutboxRelay(topic: .inventory, node: harness.node, log: harness.log)
        }
        #expect(mismatch?.description.contains("old copy") == true)
    }

    @Test("an old copy of the database that has made other events since publishes nothing and loses nothing")
    func otherEventsUnderTheSameSequences() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        _ = try harness.consumer.turn()
        // The log holds another event under sequence 1; by numbers alone it would pass for published.
        harness.relays[0].close()
        let writer = try harness.log.inner.openWriter(of: .inventory)
        try writer.append([[1, 2, 3]], firstSequence: 1)
        writer.close()
        let relay = try OutboxRelay(topic: .inventory, node: harness.node, log: harness.log)
        #expect(throws: LogError.sequenceReused(topic: .inventory, sequence: 1, offset: 0)) { try relay.turn() }
        #expect(try harness.count("SELECT count(*) FROM outbox") == 1, "the event is still there")
    }

    @Test("an outbox with a row missing publishes nothing past the gap")
    func gap() throws {
        let harness = try Harness()
        for number in 0..<4 { try harness.emit(World.Ordered(), "o-\(number)") }
        _ = try harness.consumer.turn()
        try harness.execute("DELETE FROM outbox WHERE sequence = 2")
        #expect(throws: OutboxGap.self) { try harness.relays[0].turn() }
        #expect(try harness.events(.inventory).isEmpty)
    }

    @Test("rows that a newer writer has published are no gap: the older one says that it was replaced")
    func replaced() throws {
        let harness = try Harness()
        for number in 0..<4 { try harness.emit(World.Ordered(), "o-\(number)") }
        _ = try harness.consumer.turn()
        try harness.execute("DELETE FROM outbox WHERE sequence = 1")
        let fenced = LogError.fenced(topic: .inventory, epoch: 1, byEpoch: 2)
        harness.log.fail(.beforeAppend, with: fenced)
        #expect(throws: fenced) { try harness.relays[0].turn() }
        harness.log.heal()
        #expect(throws: OutboxGap.self) { try harness.relays[0].turn() }
    }

    @Test("more events than an append takes arrive whole and in order")
    func manyBatches() throws {
        let harness = try Harness()
        let parts = Int64(OutboxRelay.batchEvents * 2 + 5)
        try harness.emit(World.Ordered(quantity: 1, parts: parts), "a")
        try harness.run()
        let ids = try harness.events(.inventory).map(\.id)
        #expect(ids.count == Int(parts))
        #expect(Set(ids).count == Int(parts))
    }

    @Test("a full log keeps the outbox, and publishes it when there is space")
    func noSpace() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.log.fail(.beforeAppend, with: .noSpace(topic: .inventory, file: "frame"))
        _ = try harness.consumer.turn()
        for _ in 0..<4 { #expect(throws: LogError.self) { try harness.relays[0].turn() } }
        #expect(try harness.count("SELECT count(*) FROM outbox") == 1)
        harness.log.heal()
        try harness.run()
        #expect(try harness.events(.inventory).count == 1)
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
    }
}

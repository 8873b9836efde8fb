import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("The inbox remembers for a window")
struct InboxWindowTests {
    @Test("ids older than the window are pruned and counted, younger ones stay")
    func pruned() throws {
        let harness = try Harness(limits: { $0.inboxWindow = .seconds(100) })
        for number in 0..<10 { try harness.emit(World.Ordered(), "a\(number)") }
        try harness.run()
        harness.clock.advance(by: .seconds(60))
        for number in 0..<3 { try harness.emit(World.Ordered(), "b\(number)") }
        try harness.run()
        #expect(try harness.count("SELECT count(*) FROM inbox") == 13)
        harness.clock.advance(by: .seconds(60))
        try harness.emit(World.Ordered(), "c")
        for _ in 0..<6 {
            try harness.run()
            try harness.emit(World.Ordered(), "d")
        }
        #expect(try harness.strings("SELECT topic || ' ' || ids FROM inbox_pruned") == ["orders 10"])
        #expect(try harness.count("SELECT count(*) FROM inbox WHERE offset BETWEEN 10 AND 12") == 3)
        #expect(
            try harness.count("SELECT count(*) FROM inbox JOIN inbox_pruned USING (topic) WHERE event_id < below") == 0)
    }

    @Test("bites are small: one batch prunes about as much as it brings")
    func bites() throws {
        let harness = try Harness(batch: 10, limits: { $0.inboxWindow = .seconds(100) })
        for number in 0..<500 { try harness.emit(World.Ordered(), "a\(number)") }
        try harness.run()
        harness.clock.advance(by: .seconds(200))
        for number in 0..<10 { try harness.emit(World.Ordered(), "b\(number)") }
        _ = try harness.consumer.turn()
        #expect(try harness.count("SELECT ids FROM inbox_pruned") == 20)
    }

    @Test("a million ids do not slow the next ones down: what is read of the inbox does not grow with it")
    func plan() throws {
        let harness = try Harness()
        let plans = try harness.rows(
            "EXPLAIN QUERY PLAN SELECT event_id, topic FROM inbox WHERE event_id < x'00' ORDER BY event_id LIMIT 9"
        ).map { $0["detail"] as String }
        #expect(plans.count == 1)
        #expect(plans.first?.contains("SEARCH inbox USING PRIMARY KEY") == true, "\(plans)")
    }
}

import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariants 6, 8, 9 and 10: the log, its consumers, rebuilds, figures.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredDeliveryTests {
    @Test("a flipped byte in the log breaks 6, names file and byte, and accuses nobody of losing what follows")
    func flippedByte() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        let path = shop.directory + "/log/orders/00000000000000000000.segment"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try #require(bytes.count > 700)
        bytes[700] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let report = try shop.audit()
        #expect(report.broken == [6], "\(report.words)")
        #expect(report.verdict == .invalid)
        #expect(report[6].violations.first?.file == "log/orders/00000000000000000000.segment")
        #expect(report[6].violations.first?.offset != nil)
        #expect(report.unknown.contains(1))
    }

    @Test("a segment that was taken out of the log breaks 6")
    func removedSegment() throws {
        let shop = try Shop(segmentBytes: 2048)
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        let directory = shop.directory + "/log/orders"
        let segments = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
            $0.hasSuffix(".segment")
        }.sorted()
        try #require(segments.count > 2)
        try FileManager.default.removeItem(atPath: directory + "/" + segments[1])
        let report = try shop.audit()
        #expect(report.broken == [6], "\(report.words)")
        #expect(report[6].violations.first?.file?.hasPrefix("log/orders/") == true)
    }

    @Test("a topic that is gone altogether breaks 6: its owner saw events in it")
    func removedTopic() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        try FileManager.default.removeItem(atPath: shop.directory + "/log/payments")
        let report = try shop.audit()
        #expect(report.broken.contains(6), "\(report.words)")
        #expect(report[6].violations.first?.service == "payment")
    }

    @Test("a database that is older than its log breaks 6")
    func oldDatabase() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(
            .payment,
            "UPDATE outbox_topics SET next_sequence = next_sequence - 1, published_sequence = published_sequence - 1")
        let report = try shop.audit()
        #expect(report.broken.contains(6), "\(report.words)")
        #expect(report[6].violations.contains { $0.service == "payment" && $0.message.contains("older than the log") })
    }

    @Test("where the beginning of a topic is gone, what needs it is unknown, and the first offset kept is named")
    func beginningGone() throws {
        let shop = try Shop(segmentBytes: 2048)
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        let directory = shop.directory + "/log/orders"
        let segments = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
            $0.hasSuffix(".segment")
        }.sorted()
        try #require(segments.count > 1)
        try FileManager.default.removeItem(atPath: directory + "/" + segments[0])
        let report = try shop.audit()
        #expect(report.broken == [6], "\(report.words)")
        #expect(report[6].waits.contains { $0.offset == UInt64(segments[1].dropLast(8)) })
        #expect([1, 7, 10].allSatisfy(report.unknown.contains))
    }

    @Test("an event that its consumer went past without a word breaks 8")
    func notApplied() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let succeeded = try shop.event(V1.PaymentSucceeded.type, of: story.confirmed)
        try shop.edit(.order, "DELETE FROM inbox WHERE event_id = ?", [Data(succeeded.event.id.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        let found = try #require(report[8].violations.first)
        #expect(found.order == story.confirmed.description && found.event == succeeded.event.id.description)
        #expect(found.file == "log/payments/00000000000000000000.segment" && found.offset == succeeded.offset)
    }

    @Test("an event that was applied and lies at the desk breaks 8")
    func appliedAndDead() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let created = try shop.event(V1.OrderCreated.type, of: story.confirmed)
        try shop.bury(.inventory, created.event, Shop.Place(topic: .orders, offset: created.offset))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.message.contains("both applied and at the dead-letter desk") == true)
    }

    @Test("a dead letter that was never announced breaks 8")
    func unannounced() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cancelled = try shop.event(V1.OrderCancelled.type, of: story.soldOut)
        try shop.bury(
            .analytics, cancelled.event, Shop.Place(topic: .orders, offset: cancelled.offset), announced: false)
        try shop.edit(.analytics, "DELETE FROM inbox WHERE event_id = ?", [Data(cancelled.event.id.bytes)])
        let report = try shop.audit()
        #expect(report[8].violations.contains { $0.message.contains("never announced") }, "\(report.words)")
    }

    @Test("a consumer that is beyond the end of its topic breaks 8")
    func beyondTheEnd() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(.notification, "UPDATE consumer_positions SET next_offset = next_offset + 1")
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.service == "notification")
    }

    @Test("an applied event that is not in the log breaks 8")
    func appliedFromNowhere() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let created = try shop.event(V1.OrderCreated.type, of: story.confirmed)
        try shop.edit(
            .inventory, "UPDATE inbox SET event_id = ? WHERE event_id = ?",
            [Data(shop.newID(EventOwner.self).bytes), Data(created.event.id.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
    }

    @Test("a database that comes out otherwise when it is rebuilt breaks 9, and the first row is named")
    func rebuiltOtherwise() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let change =
            "UPDATE orders SET status = 'pending' WHERE order_id = x'\(story.declined.bytes.map(hex).joined())'"
        let report = try shop.audit(CopyingRebuilder(change: (.order, change)))
        #expect(report.broken == [9], "\(report.words)")
        let found = try #require(report[9].violations.first)
        #expect(found.order == story.declined.description && found.file == "db/order/order.db")
        #expect(
            found.message.contains(
                "orders order_id=\(story.declined): live status='cancelled', rebuilt status='pending'"))
    }

    @Test("a row that only the live database has breaks 9")
    func rowTooMany() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let report = try shop.audit(
            CopyingRebuilder(change: (.inventory, "DELETE FROM stock WHERE product_id = 'P-0001'")))
        #expect(report.broken == [9], "\(report.words)")
        #expect(report[9].violations.first?.message.contains("stock product_id='P-0001'") == true)
        #expect(report[9].violations.first?.message.contains("rebuilt no such row") == true)
    }

    @Test("a rebuild that fails makes 9 unknown, not broken")
    func rebuildFails() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let programs = ExecutableRebuilder(programs: shop.directory + "/none", dataDirectory: shop.directory)
        let report = try shop.audit(programs)
        #expect(report.broken.isEmpty && report.unknown == [9], "\(report.words)")
        #expect(report[9].waitsTotal == 5)
    }

    @Test(
        "figures that are not what the log says break 10",
        arguments: [
            "UPDATE revenue SET amount = amount - 1 WHERE currency = 'GBP'",
            "UPDATE units SET sold = sold + 1 WHERE product_id = 'P-0002'",
            "UPDATE units SET available = available + 1 WHERE product_id = 'P-0001'",
            "UPDATE minutes SET cancelled = cancelled + 1",
            "UPDATE latency SET orders = orders + 1",
            "UPDATE event_counts SET events = events + 1 WHERE type = 'v1.StockReleased'",
            "UPDATE cancellations SET orders = orders + 1 WHERE reason = 'soldOut'",
            "DELETE FROM order_facts WHERE outcome = 'confirmed'",
            "INSERT INTO revenue VALUES ('JPY', 1)",
        ])
    func figures(sql: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(.analytics, sql)
        let report = try shop.audit()
        #expect(report.broken == [10], "\(report.words)")
        #expect(report[10].violations.first?.file == "db/analytics/analytics.db")
    }

    private func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

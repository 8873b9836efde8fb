import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariant 5: what the log and Notification's database say of the messages, and what a kill leaves.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredMailRecordTests {
    // MARK: - What was said of it

    @Test("a channel or a Message-ID that is not the message's breaks 5", arguments: [true, false])
    func said(isChannel: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        shop.said = isChannel ? ("smtp", nil) : ("mbox", "<\(EventID(high: 1, low: 2))@stampede.example>")
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(report[5].violations.first?.order == order.description)
    }

    @Test("a customer who was not told though mail can be sent there breaks 5")
    func notTold() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        while let (event, _) = try shop.next(.notification, .orders) {
            try shop.skip(.notification, topic: .orders, marking: event.type != V1.OrderCreated.type)
            guard event.type == V1.OrderConfirmed.type else { continue }
            let failed = V1.NotificationFailed(kind: .confirmation, channel: "none", reason: "the address is empty")
            try shop.say(.notification, try shop.event(failed, order, by: .notification, cause: event))
            try shop.databases[.notification]?.write { db in
                try db.execute(
                    sql: "INSERT INTO notifications VALUES (?, 'confirmation', ?, '', 'failed', 0)",
                    arguments: [Data(order.bytes), Data(event.id.bytes)])
            }
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(report[5].violations.first?.order == order.description)
    }

    @Test(
        "a mark that does not fit the mailbox, and a call that does not fit its event, break 5",
        arguments: [
            "UPDATE channel_marks SET mark = mark + 1", "UPDATE channel_marks SET mark = mark - 1",
            "UPDATE channel_marks SET mark = mark + 1000", "UPDATE channel_marks SET mark = 0",
            "UPDATE channel_marks SET mark = -1", "UPDATE channel_marks SET mark = 9223372036854775807",
            "UPDATE channel_marks SET mark = -9223372036854775808", "UPDATE channel_marks SET mark = 'x'",
            "UPDATE channel_marks SET channel = 'smtp'", "DELETE FROM channel_marks",
            "UPDATE intents SET state = 'open' WHERE kind = 'mail'", "UPDATE intents SET state = 'x'",
            "UPDATE intents SET recorded_at = recorded_at + 86400000000", "UPDATE intents SET recorded_at = 'x'",
            "UPDATE intents SET recorded_at = 9223372036854775807",
            "UPDATE intents SET recorded_at = -9223372036854775808",
            "UPDATE intents SET request = x'7b7d'",
            "UPDATE intents SET request = CAST(replace(CAST(request AS TEXT), 'ann@', 'eve@') AS BLOB)",
            "UPDATE intents SET cause = x''", "UPDATE intents SET cause = (SELECT max(cause) FROM intents)",
            "UPDATE intents SET kind = 'alert'", "UPDATE intents SET subject = 'x'",
            "UPDATE intents SET key = key || 'x'",
            "UPDATE intents SET deadline = 1", "DELETE FROM intents",
        ])
    func records(sql: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(.notification, sql)
        let report = try shop.audit()
        // A cell that no owner writes is damage before it is a wrong record.
        #expect(report.broken.contains(5) || report.broken == [9], "\(report.words)")
    }

    // MARK: - In flight

    @Test(
        "a message that a kill cut short is written again at the next start: UNKNOWN, not broken",
        arguments: [1, 40, 900])
    func cutShort(bytes: Int) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let settled = try Data(contentsOf: URL(fileURLWithPath: shop.mailboxPath))
        try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        while try shop.consume(.notification, topic: .orders) {}
        try shop.answer(0)
        let whole = try Data(contentsOf: URL(fileURLWithPath: shop.mailboxPath))
        try #require(settled.count + bytes < whole.count)
        // Cut short; whole in length, and half of it zeros; nothing of it but zeros.
        let rest = whole.count - settled.count - bytes
        for tail in [
            whole[settled.count...].prefix(bytes), whole[settled.count...].prefix(bytes) + Data(count: rest),
            Data(count: bytes),
        ] {
            try (settled + tail).write(to: URL(fileURLWithPath: shop.mailboxPath))
            let report = try shop.audit()
            #expect(report.broken.isEmpty && report.unknown.contains(5), "\(report.words)")
            #expect(report[5].waits.contains { $0.file == Shop.mailbox }, "\(report.words)")
        }
        // The same bytes before the mark are no accident.
        try (Data(count: bytes) + settled).write(to: URL(fileURLWithPath: shop.mailboxPath))
        #expect(try shop.audit().broken == [5])
    }

    @Test("without Notification's database what lies behind the last message that was sent is unknown")
    func noDatabase() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        try FileManager.default.removeItem(atPath: shop.directory + "/db/notification")
        try shop.append("From x", to: Shop.mailbox)
        let report = try shop.audit()
        #expect(!report.broken.contains(5), "\(report.words)")
        #expect(report[5].waits.contains { $0.file == Shop.mailbox })
        var mailbox = try Data(contentsOf: URL(fileURLWithPath: shop.mailboxPath))
        mailbox[900] = 0
        try mailbox.write(to: URL(fileURLWithPath: shop.mailboxPath))
        #expect(try shop.audit().broken.contains(5))
    }
}

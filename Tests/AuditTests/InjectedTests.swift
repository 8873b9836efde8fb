import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Events that were handed in raw, for tests: on record, said by nobody, and to be acted upon by nobody.
@Suite(.timeLimit(.minutes(15)))
struct InjectedTests {
    /// Poison of each kind.
    static let poison = ["noEvent", "unknownVersion", "brokenData", "knownOrder", "unknownOrder", "sameID"]

    private func make(_ kind: String, _ shop: Shop, _ story: Shop.Story) throws -> [UInt8] {
        let reserved = try shop.event(V1.StockReserved.type, of: story.confirmed).event
        let failed = V1.PaymentFailed(reason: .declined, declineCode: nil)
        switch kind {
        case "noEvent": return Array("no event at all".utf8)
        case "unknownVersion":
            var event = try shop.event(failed, story.confirmed, by: .payment, cause: reserved)
            event.type = "v9.PaymentFailed"
            return try EventCoding.encode(event)
        case "brokenData":
            var event = try shop.event(failed, story.confirmed, by: .payment, cause: reserved)
            event.data = Array("{}".utf8)
            return try EventCoding.encode(event)
        case "knownOrder":
            return try EventCoding.encode(
                try shop.event(failed, story.confirmed, by: .payment, cause: reserved))
        case "unknownOrder":
            return try EventCoding.encode(try shop.event(failed, shop.newID(), by: .payment))
        default:
            return try EventCoding.encode(try shop.event(V1.PaymentSucceeded.type, of: story.confirmed).event)
        }
    }

    /// Every reader of the topic buries it, unless it is the same event again, or none that it acts on.
    private func bury(_ kind: String, _ shop: Shop) throws {
        for service in [ServiceName.order, .inventory, .analytics] {
            let isSubscribed = kind != "sameID"
            if isSubscribed {
                try shop.die(service, topic: .payments)
            } else {
                try shop.skip(service, topic: .payments, marking: false)
            }
        }
    }

    @Test("poison that everybody buried, or knew already, is explained, and the shop VALID", arguments: poison)
    func buried(kind: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let offset = try shop.inject(.payment, try make(kind, shop, story))
        try shop.publish(.payment)
        try bury(kind, shop)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(
            report[6].explained.contains { $0.offset == offset && $0.message.contains("handed in raw by ann") })
        #expect(report.desk.injected == 1)
    }

    @Test("the same poison without the record is INVALID, or not known", arguments: poison)
    func notOnRecord(kind: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.inject(.payment, try make(kind, shop, story))
        try shop.publish(.payment)
        try bury(kind, shop)
        try shop.settleAll()
        try shop.edit(.payment, "DELETE FROM injected")
        let report = try shop.audit()
        // An event in a version that nobody knows is none of the audit's business; all others are.
        #expect(report.verdict != .valid || kind == "unknownVersion", "\(report.words)")
    }

    @Test("a consumer that went past poison in silence breaks 8", arguments: poison.dropLast())
    func passedOver(kind: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.inject(.payment, try make(kind, shop, story))
        try shop.publish(.payment)
        try shop.die(.order, topic: .payments)
        try shop.skip(.inventory, topic: .payments, marking: false)
        try shop.die(.analytics, topic: .payments)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [8], "\(report.words)")
        #expect(report[8].violations.first?.service == "inventory")
    }

    @Test("an injected event that a service acted upon breaks 7")
    func actedUpon() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.inject(.payment, try make("knownOrder", shop, story))
        try shop.publish(.payment)
        try shop.die(.order, topic: .payments)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken.contains(7), "\(report.words)")
        let released = try shop.event(V1.StockReleased.type, of: story.confirmed).event
        #expect(report[7].violations.map(\.event) == [released.id.description])
        #expect(report[7].violations.first?.message.contains("handed in raw: nobody said it") == true)
    }

    @Test("Analytics counts an injected event that it applied")
    func counted() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.inject(.payment, try make("knownOrder", shop, story))
        try shop.publish(.payment)
        for service in [ServiceName.order, .inventory] { try shop.die(service, topic: .payments) }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        try shop.edit(.analytics, "UPDATE event_counts SET events = events - 1 WHERE type = 'v1.PaymentFailed'")
        #expect(try shop.audit().broken == [10])
    }

    @Test("a record that names another event than the log holds breaks 6")
    func otherEvent() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.inject(.payment, try make("knownOrder", shop, story))
        try shop.publish(.payment)
        try bury("knownOrder", shop)
        try shop.settleAll()
        try shop.edit(.payment, "UPDATE injected SET event_id = ?", [Data(shop.newID(EventOwner.self).bytes)])
        #expect(try shop.audit().broken == [6])
    }

    @Test("a real event on the record of injections is missed where its owner knows it")
    func falseRecord() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let created = try shop.event(V1.OrderCreated.type, of: story.confirmed)
        try shop.databases[.order]?.write { db in
            try db.execute(
                sql: "INSERT INTO injected VALUES ('orders', ?, ?, 0, 'ann')",
                arguments: [Int64(created.offset) + 1, Data(created.event.id.bytes)])
        }
        let report = try shop.audit()
        #expect(report.broken.contains(1) && report.broken.contains(7), "\(report.words)")
    }
}

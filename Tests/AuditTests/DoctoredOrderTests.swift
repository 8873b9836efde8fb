import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariants 1, 2 and 7: orders, their steps, causes. One doctored data directory each, rejected by the invariant's id
/// with the order and the place named.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredOrderTests {
    @Test("an acknowledged order that is gone from the Order database breaks 1")
    func lostFromDatabase() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.edit(.order, "DELETE FROM orders WHERE order_id = ?", [Data(story.confirmed.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [1], "\(report.words)")
        let found = report[1].violations
        #expect(found.allSatisfy { $0.order == story.confirmed.description })
        #expect(found.contains { $0.file == "sale/acknowledged-test-0.jsonl" })
        #expect(found.contains { $0.file == "log/orders/00000000000000000000.segment" && $0.offset == 0 })
    }

    @Test("an acknowledged order that never reached the log breaks 1")
    func lostFromLog() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let (order, total): (OrderID, Money) = (shop.newID(), Money(amount: 1999, currency: "GBP"))
        try shop.databases[.order]?.write { try shop.insertOrder(order, total, "key-lost", 0, $0) }
        try shop.journal(order, "key-lost", total)
        let report = try shop.audit()
        #expect(report.broken == [1], "\(report.words)")
        #expect(report[1].violations.contains { $0.order == order.description })
    }

    @Test("an order acknowledged with another amount than the one kept breaks 1")
    func otherAmount() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.journal(story.declined, "key-\(story.declined)", Money(amount: 1998, currency: "GBP"))
        let report = try shop.audit()
        #expect(report.broken == [1], "\(report.words)")
        #expect(report[1].violations.first?.order == story.declined.description)
    }

    @Test("an order that is in the log twice breaks 1")
    func createdTwice() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let first = try shop.event(V1.OrderCreated.type, of: story.soldOut).event
        var again = first
        again.id = shop.newID()
        again.time = Timestamp(microseconds: shop.tick())
        try shop.say(.order, again)
        for service in [ServiceName.inventory, .payment, .notification] {
            try shop.skip(service, topic: .orders, marking: service == .inventory)
        }
        let report = try shop.audit()
        #expect(report.broken.contains(1), "\(report.words)")
        let offset = UInt64((shop.log[.orders]?.count ?? 0) - 1)
        #expect(report[1].violations.contains { $0.order == story.soldOut.description && $0.offset == offset })
    }

    @Test("a stock decision of which the Inventory database knows nothing breaks 1")
    func unknownToOwner() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.edit(.inventory, "DELETE FROM reservations WHERE order_id = ?", [Data(story.declined.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [1], "\(report.words)")
        #expect(report[1].violations.first?.service == "inventory")
    }

    @Test("a confirmed order that is cancelled as declined took an illegal step: 2")
    func illegalStep() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cause = try shop.event(V1.PaymentSucceeded.type, of: story.confirmed).event
        let order = try #require(shop.books.orders[story.confirmed])
        try shop.say(.order, try shop.cancelled(story.confirmed, order, .paymentDeclined, cause: cause))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken.contains(2), "\(report.words)")
        let place = try shop.event(V1.OrderCancelled.type, of: story.confirmed)
        #expect(
            report[2].violations.contains {
                $0.order == story.confirmed.description && $0.event == place.event.id.description
                    && $0.offset == place.offset
            })
    }

    @Test("an order without outcome for which nothing is under way breaks 2")
    func forgotten() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        try shop.skip(.inventory, topic: .orders, marking: true)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [2], "\(report.words)")
        #expect(report[2].violations.first?.order == order.description)
        #expect(report[2].violations.first?.message.contains("inventory: StockReserved or StockRejected") == true)
    }

    @Test("an Order database that says another status than the log breaks 2")
    func otherStatus() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.edit(
            .order, "UPDATE orders SET status = 'pending', reason = NULL WHERE order_id = ?",
            [Data(story.refunded.bytes)])
        let report = try shop.audit()
        #expect(report.broken == [2], "\(report.words)")
        #expect(report[2].violations.first?.order == story.refunded.description)
    }

    @Test("two answers to one reservation break 2")
    func twoPayments() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cause = try shop.event(V1.StockReserved.type, of: story.declined).event
        let failed = V1.PaymentFailed(reason: .declined, declineCode: "generic_decline")
        try shop.say(.payment, try shop.event(failed, story.declined, by: .payment, cause: cause))
        try shop.skip(.order, topic: .payments, marking: true)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [2], "\(report.words)")
        #expect(report[2].violations.first?.file == "log/payments/00000000000000000000.segment")
    }

    @Test("an effect whose cause does not exist breaks 7")
    func causeMissing() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        var sent = try shop.event(V1.NotificationSent.type, of: story.confirmed).event
        sent.id = shop.newID()
        sent.causationID = shop.newID()
        try shop.say(.notification, sent)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken.contains(7), "\(report.words)")
        #expect(report[7].violations.first?.event == sent.id.description)
        #expect(report[7].violations.first?.message.contains("does not exist") == true)
    }

    @Test("an effect that is older than its cause breaks 7")
    func effectFirst() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1000)])
        try shop.publish(.order)
        let created = try shop.event(V1.OrderCreated.type, of: order).event
        let short = Shortage(
            productID: "P-0001", requested: 1000, available: shop.books.available["P-0001"] ?? 0)
        var rejected = try shop.event(
            V1.StockRejected(shortages: [short]), order, by: .inventory, cause: created)
        rejected.time = Timestamp(microseconds: created.time.microseconds - 1)
        try shop.skip(.inventory, topic: .orders, marking: true)
        try shop.transact(.inventory) { db, made in
            made.append(rejected)
            try db.execute(
                sql: "INSERT INTO reservations VALUES (?, 'rejected', '[]', 0, NULL, NULL)",
                arguments: [Data(order.bytes)])
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [7], "\(report.words)")
        #expect(report[7].violations.first?.order == order.description)
        #expect(report[7].violations.first?.message.contains("1 µs older") == true)
    }

    @Test("an effect of a cause that cannot lead to it breaks 7")
    func wrongCause() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cause = try shop.event(V1.OrderCreated.type, of: story.soldOut).event
        let reserved = try shop.event(
            V1.StockRanLow(available: 1, threshold: 5), subject: "P-0001", by: .analytics, cause: cause)
        try shop.say(.analytics, reserved)
        let report = try shop.audit()
        #expect(report.broken == [7], "\(report.words)")
    }
}

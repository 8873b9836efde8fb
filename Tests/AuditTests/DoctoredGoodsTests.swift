import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariants 3, 4 and 5: stock, money, mail.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredGoodsTests {
    @Test("stock that is below zero at one prefix breaks 3, though the end is fine")
    func oversoldInBetween() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stock("P-0001", -100)
        try shop.stock("P-0001", 100)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [3], "\(report.words)")
        #expect(report[3].violationsTotal == 1)
        #expect(report[3].violations.first?.offset == UInt64((shop.log[.inventory]?.count ?? 0) - 2))
        #expect(report[3].violations.first?.message.contains("P-0001") == true)
    }

    @Test("a reservation that is released twice breaks 3")
    func releasedTwice() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cause = try shop.event(V1.PaymentFailed.type, of: story.declined).event
        try shop.transact(.inventory) { db, made in
            made.append(try shop.released(story.declined, .paymentFailed, cause: cause, db))
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [3], "\(report.words)")
        #expect(report[3].violations.first?.order == story.declined.description)
        #expect(report[3].violations.first?.message.contains("released twice") == true)
    }

    @Test("stock that is held for an order that will never pay breaks 3")
    func heldForNobody() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)], card: "tok_chargeDeclined")
        try shop.settleAll(without: [.inventory, .analytics])
        try shop.consume(.inventory, topic: .orders)
        try shop.settleAll(without: [.inventory, .analytics])
        try shop.publish(.inventory)
        try shop.settleAll(without: [.inventory, .analytics])
        try shop.skip(.inventory, topic: .payments, marking: true)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [3], "\(report.words)")
        #expect(report[3].violations.first?.order == order.description)
    }

    @Test("an Inventory database that says other stock than the log breaks 3")
    func otherStock() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(.inventory, "UPDATE stock SET available = available + 1 WHERE product_id = 'P-0002'")
        let report = try shop.audit()
        #expect(report.broken == [3], "\(report.words)")
        #expect(report[3].violations.first?.file == "db/inventory/inventory.db")
    }

    @Test("a card that is charged twice breaks 4")
    func chargedTwice() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let amount = Money(amount: 1999, currency: "GBP")
        try shop.book("capture", key: "charge-again", id: "pi_again", intent: "pi_again", story.confirmed, amount)
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.first?.order == story.confirmed.description)
        #expect(report[4].violations.first?.message.contains("charged twice") == true)
        #expect(report[4].violations.first?.file == "db/payment-gateway/payment-gateway.db")
    }

    @Test("a charge for a cancelled order breaks 4")
    func chargedForNothing() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let amount = Money(amount: 1999, currency: "GBP")
        try shop.book("capture", key: "charge:late", id: "pi_late", intent: "pi_late", story.declined, amount)
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.allSatisfy { $0.order == story.declined.description || $0.order == nil })
        #expect(report[4].violations.contains { $0.message.contains("cancelled (paymentDeclined)") })
    }

    @Test("one cent less in the ledger breaks 4")
    func oneCentLess() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.editLedger(
            "UPDATE ledger SET amount = amount - 1 WHERE order_id = ? AND kind = 'capture'",
            [story.multiLine.description])
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.contains { $0.order == story.multiLine.description })
        #expect(
            report[4].violations.contains {
                $0.message.hasPrefix("captured − refunded is 99.94 EUR, confirmed orders are 99.95 EUR")
            })
    }

    @Test("a payment that the gateway knows nothing of breaks 4")
    func paidByNobody() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.editLedger("DELETE FROM ledger WHERE order_id = ?", [story.confirmed.description])
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.first?.event != nil)
    }

    @Test("money that was paid back and of which nobody says so breaks 4")
    func paidBackInSilence() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.book(
            "refund", key: "refund:x", id: "re_x", intent: "pi_\(story.confirmed)", story.confirmed,
            Money(amount: 1999, currency: "GBP"))
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.first?.order == story.confirmed.description)
    }

    @Test("an outcome that nobody was told of breaks 5")
    func untold() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        while try shop.next(.notification, .orders) != nil {
            let isFinal = try shop.next(.notification, .orders)?.0.type == V1.OrderConfirmed.type
            try shop.skip(.notification, topic: .orders, marking: isFinal)
        }
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(report[5].violations.first?.order == order.description)
    }

    @Test("an outcome that was told twice breaks 5")
    func toldTwice() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let cause = try shop.event(V1.OrderConfirmed.type, of: story.confirmed).event
        let sent = V1.NotificationSent(kind: .confirmation, channel: "mbox", messageID: "<again@stampede.example>")
        try shop.say(.notification, try shop.event(sent, story.confirmed, by: .notification, cause: cause))
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(
            report[5].violations.contains {
                $0.message.contains("told 2 times") && $0.order == story.confirmed.description
            })
    }
}

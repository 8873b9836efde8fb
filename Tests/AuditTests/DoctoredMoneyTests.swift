import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariants 3 and 4: what was refused was to be refused, and what is charged is what the lines add up to.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredMoneyTests {
    private static let declined = Data(#"{"error":{"decline_code":"generic_decline"}}"#.utf8)

    // MARK: - Refusals

    @Test(
        "a declined payment whose key the gateway does not hold as declined breaks 4",
        arguments: [
            ("DELETE FROM idempotency_keys WHERE key = ?", "holds charge:"),
            ("UPDATE idempotency_keys SET outcome = 'captured' WHERE key = ?", "as captured"),
            ("UPDATE idempotency_keys SET outcome = 'refunded' WHERE key = ?", "as refunded"),
            ("UPDATE idempotency_keys SET outcome = 'voided' WHERE key = ?", "as voided"),
            ("UPDATE idempotency_keys SET response = NULL WHERE key = ?", "'nothing that can be read'"),
            (
                "UPDATE idempotency_keys SET response = CAST('{\"error\":{\"decline_code\":\"expired_card\"}}' AS BLOB) "
                    + "WHERE key = ?", "'expired_card'"
            ),
        ])
    func declined(sql: String, words: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.editLedger(sql, ["charge:\(story.declined)"])
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        let found = report[4].violations.first { $0.event != nil }
        #expect(found?.order == story.declined.description && found?.message.contains(words) == true, "\(report.words)")
    }

    @Test("a payment that failed for any reason, and whose key is captured, breaks 4", arguments: [true, false])
    func captured(hasEntry: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let order = story.cancelledBeforeCharge
        let amount = Money(amount: 1999, currency: "GBP")
        try shop.book("capture", key: "charge:\(order)", id: "pi_late", intent: "pi_late", order, amount)
        if !hasEntry { try shop.editLedger("DELETE FROM ledger WHERE gateway_id = 'pi_late'") }
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        let words = "PaymentFailed(cancelledByCustomer) and the gateway holds charge:\(order) as captured"
        #expect(report[4].violations.contains { $0.message == words }, "\(report.words)")
        let unbooked = report[4].violations.contains { $0.message.contains("the ledger has no entry of it") }
        #expect(unbooked == !hasEntry)
    }

    @Test("a charge that was asked for, and given up without an answer bound to its key, breaks 4")
    func unknownOutcome() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        let order = story.cancelledBeforeCharge
        #expect(try shop.audit().verdict == .valid)
        let cause = try shop.event(V1.StockReserved.type, of: order).event
        let reservation = try V1.StockReserved.decoded(from: cause.data)
        let request = Shop.request(order, reservation.total, card: reservation.cardToken)
        try shop.edit(
            .payment, "INSERT INTO intents VALUES (?, 'charge', ?, ?, ?, ?, 'finished', 0)",
            [
                "charge:\(order)", order.description, Data(try EventCoding.encode(cause)), Data(request),
                reservation.expiresAt.microseconds,
            ])
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.first?.message.contains("its outcome is unknown") == true)
        // A void is an answer.
        try shop.gateway.write { db in
            try db.execute(
                sql: "INSERT INTO idempotency_keys VALUES (?, 'voided', NULL, NULL, NULL, 0)",
                arguments: ["charge:\(order)"])
        }
        #expect(try shop.audit().verdict == .valid)
    }

    @Test(
        "a payment that failed for a reason that was none breaks 4",
        arguments: [PaymentFailureReason.expired, .cancelledByCustomer])
    func groundless(reason: PaymentFailureReason) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.payment])
        try shop.skip(.payment, topic: .inventory, marking: true)
        let cause = try shop.event(V1.StockReserved.type, of: order).event
        let failed = V1.PaymentFailed(reason: reason, declineCode: nil)
        try shop.say(.payment, try shop.event(failed, order, by: .payment, cause: cause))
        try shop.databases[.payment]?.write { db in
            try db.execute(
                sql: "INSERT INTO payments VALUES (?, 'failed', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL)",
                arguments: [Data(order.bytes)])
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report[4].violations.contains { $0.order == order.description && $0.event != nil }, "\(report.words)")
    }

    @Test("a refund's key that is bound as anything else breaks 4")
    func refundKey() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.editLedger(
            "UPDATE idempotency_keys SET outcome = 'voided' WHERE key = ?", ["refund:\(story.refunded)"])
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.contains { $0.message.contains("'refund:\(story.refunded)' is bound as voided") })
    }

    @Test("without a ledger, what payments say is not known")
    func noLedger() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        try FileManager.default.removeItem(atPath: shop.directory + "/db/payment-gateway")
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.unknown == [4], "\(report.words)")
        #expect(report[4].waits.first?.message == "the gateway's ledger is not at hand")
    }

    // MARK: - Rejections

    @Test(
        "a rejection that is not true at its offset breaks 3",
        arguments: [
            [Shortage(productID: "P-0001", requested: 1, available: 0)],
            [Shortage(productID: "P-0002", requested: 100_000, available: 1)],
            [Shortage(productID: "P-0002", requested: 99_999, available: 2)],
        ])
    func rejection(shortages: [Shortage]) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let isShort = shortages[0].productID == "P-0002"
        let order = try shop.place(isShort ? [("P-0001", 1), ("P-0002", 100_000)] : [("P-0001", 1)])
        try shop.publish(.order)
        try shop.skip(.inventory, topic: .orders, marking: true)
        let cause = try shop.event(V1.OrderCreated.type, of: order).event
        let rejected = try shop.event(V1.StockRejected(shortages: shortages), order, by: .inventory, cause: cause)
        try shop.say(.inventory, rejected)
        try shop.databases[.inventory]?.write { db in
            try db.execute(
                sql: "INSERT INTO reservations VALUES (?, 'rejected', '[]', 0, NULL, NULL)",
                arguments: [Data(order.bytes)])
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [3], "\(report.words)")
        #expect(report[3].violations.first?.event == rejected.id.description)
        #expect(
            report[3].violations.first?.message
                == (isShort
                    ? "rejected with shortages that are not those at this offset (P-0002: 100000 asked for, 2 available)"
                    : "rejected, and every line was available"))
    }

    // MARK: - Sums

    @Test("a checkout that multiplies wrongly breaks 4, though everybody copies its total")
    func wrongSum() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)], total: 1998)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(report[4].violations.map(\.message) == ["the total is 19.98 GBP, its lines add up to 19.99 GBP"])
        #expect(report[4].violations.first?.order == order.description)
    }

    @Test("a line at another price than the catalogue's at that time breaks 4; a price that changed since does not")
    func wrongPrice() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.place([("P-0001", 1)], price: 2500)
        try shop.settleAll()
        #expect(try shop.audit().verdict == .valid)
        let offset = Int64(try shop.event(V1.OrderCreated.type, of: story.declined).offset)
        try shop.databases[.order]?.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO prices VALUES ('P-0001', ?, 1998, 'GBP')", arguments: [offset + 1])
        }
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        #expect(
            report[4].violations.first { $0.order == story.declined.description }?.message
                == "P-0001 was sold at 19.99 GBP, the catalogue's price was 19.98 GBP")
    }

    @Test("a database without a history of prices says what is not compared; an empty history is not known")
    func noHistory() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.edit(.order, "DELETE FROM prices WHERE from_sequence = 1")
        let begun = try shop.audit()
        #expect(
            begun.verdict != .invalid && begun[4].notes.contains { $0.contains("begins at sequence") }, "\(begun.words)"
        )
        try shop.edit(.order, "DELETE FROM prices")
        try shop.edit(.order, "DELETE FROM products")
        #expect(try shop.audit().unknown == [4])
        try shop.databases[.order]?.write { try $0.execute(sql: "DROP TABLE prices") }
        let old = try shop.audit()
        #expect(old.verdict == .valid, "\(old.words)")
        #expect(old[4].notes.contains { $0.contains("keeps no history of prices") })
    }

    // MARK: - Arithmetic

    @Test("sums that leave 64 bits are exact, and never end the audit", arguments: [Int64.max, .min])
    func exact(amount: Int64) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        for number in 1...2 {
            try shop.book(
                "capture", key: "charge:\(number)", id: "pi_\(number)", intent: "pi_\(number)", story.confirmed,
                Money(amount: amount, currency: "GBP"))
        }
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        let twice = Currency.decimal(Int128(amount) * 2 + 1999, "GBP")
        #expect(report[4].violations.contains { $0.message.contains("captured − refunded is \(twice) GBP") })
    }

    @Test("an order, a reservation and an adjustment of any size end in a verdict", arguments: [Int64.max, .min])
    func anySize(quantity: Int64) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        for _ in 1...2 {
            let adjusted = V1.StockAdjusted(delta: quantity, reason: .adjustment, adjustmentKey: "k-\(shop.clock)")
            try shop.say(.inventory, try shop.event(adjusted, subject: "P-0001", by: .inventory))
            let lines = [OrderLine(productID: "P-0001", quantity: quantity, unitPrice: quantity)]
            let total = Money(amount: quantity, currency: "GBP")
            let order = shop.newOrderID()
            let created = try shop.event(
                V1.OrderCreated(
                    customerID: "c", email: "a@b.test", lines: lines + lines, total: total, cardToken: "t",
                    idempotencyKey: "k-\(order)", bodyHash: "00"), order, by: .order)
            let confirmed = V1.OrderConfirmed(customerID: "c", email: "a@b.test", lines: lines, total: total)
            try shop.say(.order, created, try shop.event(confirmed, order, by: .order, cause: created))
            let reserved = V1.StockReserved(
                lines: [StockLine(productID: "P-0001", quantity: quantity)], total: total, cardToken: "t",
                expiresAt: Timestamp(microseconds: shop.clock))
            try shop.say(.inventory, try shop.event(reserved, order, by: .inventory, cause: created))
        }
        try shop.edit(.analytics, "UPDATE revenue SET amount = ?", [quantity])
        try shop.edit(.analytics, "UPDATE consumer_positions SET next_offset = next_offset + 4 WHERE topic = 'orders'")
        try shop.edit(
            .analytics, "UPDATE consumer_positions SET next_offset = next_offset + 4 WHERE topic = 'inventory'")
        let report = try shop.audit()
        #expect(report.verdict == .invalid)
        #expect(report.broken.contains(4) && report.broken.contains(3), "\(report.words)")
    }
}

import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// What an open dead letter accounts for is explained, and takes nothing from the verdict; the same without the letter is
/// broken.
@Suite(.timeLimit(.minutes(15)))
struct ExplainedTests {
    /// An event that dies at a service, and the invariants that miss its effect.
    struct Death: CustomTestStringConvertible, Sendable {
        let service: ServiceName
        let type: String
        let topic: Topic
        let missed: [Int]
        var card = "tok_visa"
        var isCancelled = false

        var testDescription: String { "\(type) dead at \(service.rawValue)" }
    }

    static let deaths = [
        Death(service: .inventory, type: V1.OrderCreated.type, topic: .orders, missed: [2]),
        Death(service: .payment, type: V1.StockReserved.type, topic: .inventory, missed: [2, 3]),
        Death(service: .order, type: V1.PaymentSucceeded.type, topic: .payments, missed: [2, 4]),
        Death(
            service: .order, type: V1.PaymentFailed.type, topic: .payments, missed: [2], card: "tok_chargeDeclined"),
        Death(
            service: .inventory, type: V1.PaymentFailed.type, topic: .payments, missed: [3],
            card: "tok_chargeDeclined"),
        Death(service: .notification, type: V1.OrderConfirmed.type, topic: .orders, missed: [5]),
        Death(
            service: .payment, type: V1.OrderCancellationRequested.type, topic: .orders, missed: [2], isCancelled: true),
        Death(service: .order, type: V1.PaymentRefunded.type, topic: .payments, missed: [2, 4], isCancelled: true),
        Death(service: .inventory, type: V1.PaymentRefunded.type, topic: .payments, missed: [3], isCancelled: true),
    ]

    @Test("what a dead letter holds up is explained, and VALID; VALID too when it was redriven", arguments: deaths)
    func explained(death: Death) throws {
        let (shop, order, dead) = try die(death)
        defer { shop.remove() }
        let before = try shop.audit()
        #expect(before.verdict == .valid, "\(before.words)")
        for id in death.missed {
            #expect(before[id].explained.contains { $0.order == order.description }, "\(id)")
            #expect(before[id].holds == .yes)
        }
        #expect(before[8].explained.contains { $0.event == dead.id.description })
        #expect(before.desk.letters == 1 && before.desk.orders == 1 && before.desk.groups.count == 1)

        try shop.redrive(death.service, dead.id)
        try shop.settleAll()
        let after = try shop.audit()
        #expect(after.verdict == .valid, "\(after.words)")
        #expect(after.invariants.allSatisfy { $0.explainedTotal == 0 })
        #expect(after.desk == AuditReport.Desk())
    }

    @Test("the same without the letter is INVALID", arguments: deaths)
    func forgotten(death: Death) throws {
        let (shop, order, dead) = try die(death, asLetter: false)
        defer { shop.remove() }
        let report = try shop.audit()
        #expect(death.missed.contains { report.broken.contains($0) }, "\(report.words)")
        #expect(report.broken.contains { id in report[id].violations.contains { $0.order == order.description } })
        #expect(report.desk.letters == 0 && dead.orderID == order)
    }

    @Test("a dead letter of the order at another service explains nothing")
    func elsewhere() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        try shop.skip(.inventory, topic: .orders, marking: true)
        try shop.die(.analytics, on: V1.OrderCreated.type, topic: .orders)
        // At the service that it waits for, too, but of an event that asks for nothing.
        try shop.requestCancellation(order)
        try shop.publish(.order)
        try shop.die(.payment, on: V1.OrderCancellationRequested.type, topic: .orders)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [2], "\(report.words)")
        #expect(report[2].violations.first?.order == order.description)
    }

    @Test("events behind a letter are explained, with the orders counted; behind nothing they are broken")
    func behind() throws {
        let (shop, order, dead) = try die(Self.deaths[2])
        defer { shop.remove() }
        try shop.requestCancellation(order)
        try shop.settleAll()
        let held = try shop.audit()
        #expect(held.verdict == .valid, "\(held.words)")
        #expect(held.desk.behind == 1 && held.desk.letters == 1 && held.desk.orders == 1)
        #expect(held[8].explained.contains { $0.message.contains("behind dead letter \(dead.id)") })
        let text = AuditText(held).lines
        #expect(text.contains { $0.hasSuffix(" explained") })
        #expect(
            text.contains("Open: 1 dead letter in 1 group, 1 event behind them; 1 order is held up.")
        )
        #expect(text.contains { $0.contains("stampede dlq list") })
        #expect(
            text.joined(separator: " ").replacing(#/ +/#, with: " ").contains(
                "order \(order) is held up by dead letter \(dead.id) at order"))
        #expect(try #require(text.last).hasPrefix("VALID  1 order held up by 1 dead letter; "))
        #expect(held.desk.held.map(\.order) == [order.description])
        #expect(held.desk.held.map(\.deadLetter) == [dead.id.description])
        #expect(text.dropLast().allSatisfy { $0.count <= AuditText.width })

        // Settled behind the service's back: nobody will ever come to what is parked.
        try shop.edit(.order, "UPDATE dead_letters SET state = 'redriven'")
        let stuck = try shop.audit()
        #expect(stuck[8].violations.contains { $0.message.contains("parked behind nothing") }, "\(stuck.words)")
    }

    @Test(
        "a discard explains what the service says instead",
        arguments: [
            Death(service: .payment, type: V1.StockReserved.type, topic: .inventory, missed: []),
            Death(service: .inventory, type: V1.OrderCreated.type, topic: .orders, missed: []),
            Death(service: .notification, type: V1.OrderConfirmed.type, topic: .orders, missed: []),
        ])
    func discarded(death: Death) throws {
        let (shop, order, dead) = try die(death)
        defer { shop.remove() }
        try shop.discard(death.service, dead.id)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(report[8].explained.contains { $0.order == order.description && $0.message.contains("discarded") })
        #expect(report.desk.letters == 0 && report.desk.discarded == 1)
    }

    @Test("a discard where the service has nothing to say instead breaks 8, and its order 2")
    func mustNotBeDiscarded() throws {
        let (shop, order, dead) = try die(Self.deaths[2])
        defer { shop.remove() }
        try shop.discard(.order, dead.id)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [2, 8], "\(report.words)")
        #expect(report[2].violations.first?.order == order.description)
        #expect(report[8].violations.first?.message.contains("nothing to say in its place") == true)
    }

    @Test(
        "an abandoned payment, or a rejection without a shortage, that nobody discarded breaks 2",
        arguments: [true, false])
    func abandonedByNobody(isPayment: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        if isPayment {
            try shop.settleAll(without: [.payment])
            try shop.skip(.payment, topic: .inventory, marking: true)
            let cause = try shop.event(V1.StockReserved.type, of: order).event
            let failed = V1.PaymentFailed(reason: .abandoned, declineCode: nil)
            try shop.say(.payment, try shop.event(failed, order, by: .payment, cause: cause))
            try shop.databases[.payment]?.write { db in
                try db.execute(
                    sql: "INSERT INTO payments VALUES (?, 'failed', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL)",
                    arguments: [Data(order.bytes)])
            }
        } else {
            try shop.publish(.order)
            try shop.skip(.inventory, topic: .orders, marking: true)
            let cause = try shop.event(V1.OrderCreated.type, of: order).event
            try shop.say(
                .inventory, try shop.event(V1.StockRejected(shortages: []), order, by: .inventory, cause: cause))
            try shop.databases[.inventory]?.write { db in
                try db.execute(
                    sql: "INSERT INTO reservations VALUES (?, 'rejected', '[]', 0, NULL, NULL)",
                    arguments: [Data(order.bytes)])
            }
        }
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [2], "\(report.words)")
        #expect(report[2].violations.first?.message.contains("nobody discarded") == true)
    }

    // MARK: - Analytics

    @Test("figures without what lies at Analytics' desk are true, open, discarded and redriven; with it they are not")
    func figures() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        let dead = try shop.die(.analytics, on: V1.OrderCreated.type, topic: .orders)
        try shop.settleAll()
        let open = try shop.audit()
        #expect(open.verdict == .valid, "\(open.words)")
        #expect(open[10].explained.contains { $0.event == dead.id.description && $0.order == order.description })
        #expect(open[10].explainedTotal > 1, "what is parked behind it, too")
        #expect(open.desk.orders == 0, "no order waits for Analytics")

        try shop.edit(.analytics, "UPDATE event_counts SET events = events + 1 WHERE type = 'v1.OrderCreated'")
        let counted = try shop.audit()
        #expect(counted.broken == [10], "\(counted.words)")
        try shop.edit(.analytics, "UPDATE event_counts SET events = events - 1 WHERE type = 'v1.OrderCreated'")

        try shop.discard(.analytics, dead.id)
        try shop.settleAll()
        let discarded = try shop.audit()
        #expect(discarded.verdict == .valid, "\(discarded.words)")
        #expect(discarded[10].explained.map(\.event) == [dead.id.description])
    }

    @Test("figures follow the corrected bytes of an edited letter, once it was redriven")
    func editedFigure() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stock("P-0009", 7)
        try shop.publish(.inventory)
        let dead = try shop.die(.analytics, on: V1.StockAdjusted.type, topic: .inventory)
        var corrected = dead
        corrected.data = try V1.StockAdjusted(delta: 5, reason: .initial, adjustmentKey: "corrected").encoded()
        try shop.correct(.analytics, dead.id, corrected)
        try shop.redrive(.analytics, dead.id)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        try shop.edit(.analytics, "UPDATE units SET available = 7 WHERE product_id = 'P-0009'")
        #expect(try shop.audit().broken == [10])
    }

    @Test("what an edit of an amount broke is broken, and the finding names the edit")
    func editedAmount() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.payment])
        let dead = try shop.die(.payment, on: V1.StockReserved.type, topic: .inventory)
        var corrected = dead
        var reserved = try V1.StockReserved.decoded(from: dead.data)
        reserved.total.amount = 1998
        corrected.data = try reserved.encoded()
        try shop.correct(.payment, dead.id, corrected)
        try shop.redrive(.payment, dead.id)
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.broken == [4], "\(report.words)")
        let finding = report[4].violations.first { $0.order == order.description }
        #expect(
            finding?.message
                == "pi_\(order) charged 19.98 GBP for an order of 19.99 GBP; v1.StockReserved \(dead.id) was edited at payment by ann",
            "\(report.words)")
    }

    // MARK: - The operator's mail

    @Test("the operator's messages are no customers' mail; the same message about an order is")
    func operatorsMail() throws {
        let (shop, _, _) = try die(Self.deaths[0])
        defer { shop.remove() }
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(report[5].notes == ["1 messages in the mailbox are for the operator, not for customers"])
        var mailbox = try ForgedMailbox(shop)
        mailbox.messages[0].insert(header: "X-Stampede-Order: \(shop.newID(OrderOwner.self))")
        try mailbox.write()
        #expect(try shop.audit().broken == [5])
    }

    // MARK: - Stories

    /// A shop at rest in which one event of an order died, or was read as if it asked for nothing.
    private func die(_ death: Death, asLetter: Bool = true) throws -> (Shop, OrderID, Envelope) {
        let shop = try Shop()
        _ = try shop.tellStory()
        let order = try shop.place([("P-0001", 1)], card: death.card)
        if death.isCancelled {
            try shop.settleAll()
            try shop.requestCancellation(order)
        }
        while true {
            while let (event, _) = try shop.next(death.service, death.topic) {
                if event.type == death.type {
                    if asLetter {
                        try shop.die(death.service, topic: death.topic)
                    } else {
                        try shop.skip(death.service, topic: death.topic, marking: true)
                    }
                    try shop.settleAll()
                    return (shop, order, event)
                }
                try shop.consume(death.service, topic: death.topic)
            }
            // Whatever else can be done, but reading that topic there.
            let steps = try shop.steps().filter { step in
                if case .consume(death.service, death.topic) = step { false } else { true }
            }
            guard let step = steps.randomElement(using: &shop.random) else {
                throw ShopError("nobody said \(death.type)")
            }
            try shop.take(step)
        }
    }
}

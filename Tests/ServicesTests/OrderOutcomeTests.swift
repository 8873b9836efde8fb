import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@testable import OrderService

@Suite("Order: outcomes", .timeLimit(.minutes(5)))
struct OrderOutcomeTests {
    private let succeeded = V1.PaymentSucceeded(amount: Money(amount: 1999, currency: "GBP"), paymentIntent: "pi")
    private let refunded = V1.PaymentRefunded(
        amount: Money(amount: 1999, currency: "GBP"), paymentIntent: "pi", refund: "re")

    private func failed(_ reason: PaymentFailureReason) -> V1.PaymentFailed {
        V1.PaymentFailed(reason: reason, declineCode: nil)
    }

    private func say(_ payload: any EventPayload, of order: OrderID, _ shop: OrderShop) throws -> Envelope {
        let topic: Topic = payload is V1.StockRejected ? .inventory : .payments
        let envelope = try shop.service.emit(payload, order: order, on: topic)
        try shop.service.runUntilIdle()
        return envelope
    }

    @Test("a payment confirms the order, with everything a message needs, because of the payment")
    func confirmed() throws {
        let shop = try OrderShop()
        let order = try shop.place().orderID
        shop.service.clock.advance(by: .seconds(3))
        let cause = try say(succeeded, of: order, shop)
        let stored = try #require(try shop.order(order))
        #expect(stored.status == .confirmed)
        #expect(stored.reason == nil)
        let event = try #require(try shop.service.events(.orders).last)
        #expect(event.type == V1.OrderConfirmed.type)
        #expect(event.causationID == cause.id)
        #expect(stored.updatedAt == event.time)
        let fact = try V1.OrderConfirmed.decoded(from: event.data)
        #expect(
            fact
                == V1.OrderConfirmed(
                    customerID: "c-1", email: "ann@example.test", lines: stored.lines, total: stored.total))
    }

    @Test("a rejection or a failed payment cancels the order, each with its reason")
    func cancelled() throws {
        let news: [(any EventPayload, CancellationReason)] = [
            (V1.StockRejected(shortages: []), .soldOut), (failed(.declined), .paymentDeclined),
            (failed(.expired), .paymentExpired),
            (failed(.cancelledByCustomer), .cancelledByCustomer), (failed(.abandoned), .abandoned),
        ]
        let shop = try OrderShop()
        for (index, (payload, reason)) in news.enumerated() {
            let order = try shop.place(OrderShop.request(key: "k\(index)")).orderID
            let cause = try say(payload, of: order, shop)
            let stored = try #require(try shop.order(order))
            #expect(stored.status == .cancelled)
            #expect(stored.reason == reason)
            let event = try #require(try shop.service.events(.orders).last)
            #expect(event.causationID == cause.id)
            #expect(try V1.OrderCancelled.decoded(from: event.data).reason == reason)
        }
    }

    @Test("a refund is the one step out of a final status")
    func refund() throws {
        let shop = try OrderShop()
        let order = try shop.place().orderID
        _ = try say(succeeded, of: order, shop)
        _ = try say(refunded, of: order, shop)
        let stored = try #require(try shop.order(order))
        #expect(stored.status == .cancelled)
        #expect(stored.reason == .refunded)
        #expect(
            try shop.service.events(.orders).map(\.type)
                == [V1.OrderCreated.type, V1.OrderConfirmed.type, V1.OrderCancelled.type])
    }

    @Test("the same news under another id changes nothing: the order is there already")
    func duplicates() throws {
        let shop = try OrderShop()
        let stories: [[any EventPayload]] = [
            [V1.StockRejected(shortages: [])], [failed(.declined)], [succeeded], [succeeded, refunded],
        ]
        for (index, story) in stories.enumerated() {
            let order = try shop.place(OrderShop.request(key: "k\(index)")).orderID
            for news in story { _ = try say(news, of: order, shop) }
            let before = try shop.order(order)
            let events = try shop.service.events(.orders).count
            if let last = story.last { _ = try say(last, of: order, shop) }
            #expect(try shop.order(order) == before)
            #expect(try shop.service.events(.orders).count == events)
        }
        #expect(try shop.service.troubles() == 0)
    }

    @Test("news that cannot follow changes nothing, and is kept as an anomaly")
    func illegal() throws {
        let stories: [([any EventPayload], any EventPayload)] = [
            ([], refunded), ([succeeded], V1.StockRejected(shortages: [])), ([succeeded], failed(.declined)),
            ([V1.StockRejected(shortages: [])], succeeded), ([failed(.declined)], succeeded),
            ([failed(.declined)], refunded),
            ([succeeded, refunded], failed(.expired)),
        ]
        let shop = try OrderShop()
        for (index, (story, last)) in stories.enumerated() {
            let order = try shop.place(OrderShop.request(key: "k\(index)")).orderID
            for news in story { _ = try say(news, of: order, shop) }
            let before = try shop.order(order)
            let odd = try say(last, of: order, shop)
            #expect(try shop.order(order) == before)
            let anomalies = try shop.service.rows(
                "SELECT subject, type, topic FROM anomalies WHERE event_id = ?", [Data(odd.id.bytes)])
            #expect(anomalies.map { $0["subject"] as String } == [order.description])
            #expect(anomalies.map { $0["type"] as String } == [odd.type])
            #expect(anomalies.map { $0["topic"] as String } == [last is V1.StockRejected ? "inventory" : "payments"])
        }
        #expect(try shop.service.rows("SELECT 1 FROM anomalies").count == stories.count)
        #expect(try shop.service.rows("SELECT 1 FROM dead_letters").isEmpty, "what follows is not held up")
    }

    @Test("news of an order that nobody placed, or of no order at all, is dead")
    func unknownOrder() throws {
        let shop = try OrderShop()
        _ = try say(succeeded, of: shop.service.newOrderID(), shop)
        try shop.service.emit(succeeded, subject: "no order", on: .payments)
        try shop.service.runUntilIdle()
        #expect(try shop.service.count("SELECT count(*) FROM dead_letters WHERE error_kind = 'broken-rule'") == 2)
        #expect(try shop.service.events(.orders).isEmpty)
    }

    // MARK: - Cancelling

    @Test("a wish to cancel is told once an order, also of a confirmed one, and not of a cancelled one")
    func cancellation() throws {
        let shop = try OrderShop()
        #expect(try shop.cancel(shop.service.newOrderID()) == nil)
        let order = try shop.place().orderID
        shop.service.clock.advance(by: .seconds(1))
        for _ in 0..<3 {
            let stored = try #require(try shop.cancel(order))
            #expect(stored == (try shop.order(order)))
            #expect(stored.status == .pending)
            #expect(stored.cancellationRequestedAt != nil)
            shop.service.clock.advance(by: .seconds(1))
            try shop.service.restart()
        }
        try shop.service.runUntilIdle()
        #expect(
            try shop.service.events(.orders).map(\.type) == [V1.OrderCreated.type, V1.OrderCancellationRequested.type])

        let paid = try shop.place(OrderShop.request(key: "paid")).orderID
        _ = try say(succeeded, of: paid, shop)
        try shop.cancel(paid)
        #expect(try shop.order(paid)?.status == .confirmed)
        let gone = try shop.place(OrderShop.request(key: "gone")).orderID
        _ = try say(failed(.declined), of: gone, shop)
        #expect(try shop.cancel(gone)?.cancellationRequestedAt == nil)
        try shop.service.runUntilIdle()
        let asked = try shop.service.events(.orders).filter { $0.type == V1.OrderCancellationRequested.type }
        #expect(asked.compactMap(\.orderID) == [order, paid])
        #expect(asked.allSatisfy { $0.causationID == nil })
    }

    @Test("a clock that was set back does not make an order's times run backwards")
    func clockSetBack() throws {
        let shop = try OrderShop()
        let order = try shop.place().orderID
        let placed = try #require(try shop.order(order))
        shop.service.clock.set(ahead: .seconds(-60))
        let stored = try #require(try shop.cancel(order))
        #expect(stored.updatedAt == placed.createdAt)
        #expect(stored == (try shop.order(order)))
    }

    // MARK: - Any history

    @Test(
        "after any legal history the database equals its rebuild, with restarts and duplicates",
        arguments: Histories.seeds(100))
    func anyHistory(seed: UInt64) throws {
        let shop = try OrderShop(seed: seed)
        let random = SeededRandomness(seed: seed &+ 5000)
        var stories: [(order: OrderID, left: [any EventPayload])] = []
        var said: [(Envelope, Topic)] = []
        for step in 0..<60 {
            shop.service.clock.advance(by: .milliseconds(random.below(3000)))
            switch random.below(10) {
            case 0, 1:
                let lines = (0...random.below(2)).map {
                    StockLine(productID: "P-000\($0 + 1)", quantity: Int64(1 + random.below(9)))
                }
                let order = try shop.place(OrderShop.request(key: "k\(step)", lines: lines)).orderID
                stories.append((order, randomStory(random)))
            case 2 where !stories.isEmpty:
                try shop.cancel(random.pick(stories.map(\.order)))
            case 3 where !said.isEmpty:
                let (envelope, topic) = random.pick(said)
                try shop.service.emit(envelope, on: topic)
            case 4 where random.chance(0.3):
                try shop.service.restart()
            case 5, 6:
                _ = try shop.service.turn()
            default:
                let open = stories.indices.filter { !stories[$0].left.isEmpty }
                guard !open.isEmpty else { continue }
                let index = random.pick(open)
                let payload = stories[index].left.removeFirst()
                let topic: Topic = payload is V1.StockRejected ? .inventory : .payments
                said.append((try shop.service.emit(payload, order: stories[index].order, on: topic), topic))
            }
        }
        try expectRebuild(shop, seed)  // with an outbox that is not published yet
        try shop.service.runUntilIdle()
        try expectRebuild(shop, seed &+ 1)
        #expect(try shop.service.troubles() == 0)
        for (order, left) in stories where left.isEmpty {
            #expect(try shop.order(order)?.status != .pending, "order \(order) has all its news and no outcome")
        }
    }

    private func expectRebuild(_ shop: OrderShop, _ seed: UInt64) throws {
        let live = try shop.service.domain()
        #expect(try shop.service.rebuiltDomain(seed: seed) == live)
    }

    private func randomStory(_ random: SeededRandomness) -> [any EventPayload] {
        switch random.below(4) {
        case 0: [V1.StockRejected(shortages: [])]
        case 1: [failed(random.pick(PaymentFailureReason.allCases))]
        case 2: [succeeded]
        default: [succeeded, refunded]
        }
    }
}

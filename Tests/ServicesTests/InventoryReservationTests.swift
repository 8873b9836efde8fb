import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import InventoryService

@Suite("Inventory: reservations", .timeLimit(.minutes(5)))
struct InventoryReservationTests {
    private let failed = V1.PaymentFailed(reason: .declined, declineCode: nil)
    private let refunded = V1.PaymentRefunded(
        amount: Money(amount: 100, currency: "GBP"), paymentIntent: "pi", refund: "re")

    @Test("all lines are set aside, with what Payment needs, until the hold ends")
    func reserved() throws {
        let shelf = try InventoryShelf(["A": 5, "B": 5], hold: .seconds(90))
        let order = try shelf.order([("A", 2), ("B", 5)])
        shelf.service.clock.advance(by: .seconds(7))
        try shelf.service.runUntilIdle()
        let event = try #require(try shelf.service.events(.inventory).last)
        let cause = try #require(try shelf.service.events(.orders).last)
        #expect(event.type == V1.StockReserved.type)
        #expect(event.causationID == cause.id)
        #expect(event.orderID == order)
        let fact = try V1.StockReserved.decoded(from: event.data)
        #expect(fact.lines == [StockLine(productID: "A", quantity: 2), StockLine(productID: "B", quantity: 5)])
        #expect(fact.total == Money(amount: 100, currency: "GBP"))
        #expect(fact.cardToken == "tok_visa")
        #expect(event.time == shelf.service.clock.now())
        #expect(fact.expiresAt == event.time + .seconds(90))
        #expect(try shelf.available("A") == 3)
        #expect(try shelf.available("B") == 0)
        #expect(try shelf.reserved("B") == 5)
        #expect(try shelf.state(order) == "reserved")
    }

    @Test("one line too many and nothing is set aside; every shortage is named")
    func allOrNone() throws {
        let shelf = try InventoryShelf(["A": 5, "B": 1])
        let order = try shelf.order([("A", 5), ("B", 2), ("nowhere", 1)])
        try shelf.service.runUntilIdle()
        let rejected = try shelf.service.payloads(V1.StockRejected.self, on: .inventory)
        #expect(rejected.map(\.subject) == [order.description])
        #expect(
            rejected.first?.payload.shortages == [
                Shortage(productID: "B", requested: 2, available: 1),
                Shortage(productID: "nowhere", requested: 1, available: 0),
            ])
        #expect(try shelf.available("A") == 5)
        #expect(try shelf.available("B") == 1)
        #expect(try shelf.reserved("A") == 0)
        #expect(try shelf.state(order) == "rejected")
    }

    @Test("the last piece goes to the first, in one batch too")
    func lastPiece() throws {
        let shelf = try InventoryShelf(["A": 1])
        let orders = try (0..<3).map { _ in try shelf.order([("A", 1)]) }
        try shelf.service.runUntilIdle()
        #expect(try orders.map { try shelf.state($0) } == ["reserved", "rejected", "rejected"])
        #expect(try shelf.available("A") == 0)
    }

    @Test("two lines of one product are one demand")
    func twoLines() throws {
        let shelf = try InventoryShelf(["A": 5])
        let short = try shelf.order([("A", 3), ("A", 3)])
        let fits = try shelf.order([("A", 3), ("A", 2)])
        try shelf.service.runUntilIdle()
        #expect(try shelf.state(short) == "rejected")
        #expect(try shelf.state(fits) == "reserved")
        #expect(try shelf.available("A") == 0)
    }

    @Test("the same order under another event id is answered once")
    func businessKey() throws {
        let shelf = try InventoryShelf(["A": 5])
        let order = try shelf.order([("A", 2)])
        let none = try shelf.order([("B", 2)])
        try shelf.service.runUntilIdle()
        try shelf.order([("A", 2)], order)
        try shelf.order([("A", 2)], none)
        try shelf.service.runUntilIdle()
        #expect(try shelf.types() == [V1.StockReserved.type, V1.StockRejected.type])
        #expect(try shelf.available("A") == 3)
        #expect(try shelf.service.troubles() == 0)
    }

    @Test(
        "lines that no checkout lets through are a broken rule, not the end of the process",
        arguments: [
            [], [("A", Int64(0))], [("A", -1)], [("A", .min)], [("A", .max), ("A", 1)], [("A", .max), ("A", .max)],
        ])
    func impossibleLines(lines: [(String, Int64)]) throws {
        let shelf = try InventoryShelf(["A": 5])
        try shelf.order(lines)
        let other = try shelf.order([("A", 1)])
        try shelf.service.runUntilIdle()
        #expect(
            try shelf.service.rows("SELECT error_kind FROM dead_letters").map { $0[0] as String } == ["broken-rule"])
        #expect(try shelf.state(other) == "reserved")
        #expect(try shelf.available("A") == 4)
    }

    @Test("a rejection fits into an event however many products are short, with the longest names")
    func longRejection() throws {
        let shelf = try InventoryShelf()
        func product(_ number: Int) -> String { String(repeating: "\"", count: 60) + String(1000 + number) }
        let lines = (0..<1000).map { OrderLine(productID: product($0), quantity: 1_000_000_000, unitPrice: 1) }
        // More than an event may hold, so it goes in as a decision would meet it, not over the topic.
        let shortages = Stock.shortages(
            try Stock.demand(lines),
            available: Dictionary(uniqueKeysWithValues: lines.map { ($0.productID, 999_999_999) }))
        #expect(shortages.count == Stock.maximumShortages)
        #expect(shortages.first?.productID == product(0))
        let bytes = try EventCoding.encode(
            Envelope(
                id: EventID(high: 1, low: 1), source: "/stampede/inventory", type: V1.StockRejected.type,
                subject: shelf.service.newOrderID().description, time: ServiceHarness.start,
                correlationID: CorrelationID(high: 1, low: 1), causationID: EventID(high: 1, low: 1),
                traceparent: String(repeating: "t", count: 100),
                data: try V1.StockRejected(shortages: shortages).encoded()))
        #expect(bytes.count <= EventCoding.maximumEventBytes)

        // An order that just fits, whose full rejection would not.
        let short = (0..<1000).map { ("P\($0)\(String(repeating: "x", count: 9))", Int64(100_000)) }
        try shelf.take("stock", Dictionary(uniqueKeysWithValues: short.map { ($0.0, Int64(99_999)) }))
        let order = try shelf.order(short)
        try shelf.service.runUntilIdle()
        #expect(try shelf.state(order) == "rejected")
        #expect(try shelf.service.troubles() == 0)
    }

    // MARK: - Releasing

    @Test("a failed payment or a refund frees the stock, once, whichever comes and however often")
    func releasedOnce() throws {
        let shelf = try InventoryShelf(["A": 10, "B": 6])
        let order = try shelf.order([("A", 2), ("B", 1)])
        // Whose stock a second release would take; without it, the table's CHECK would stop that.
        try shelf.order([("A", 5), ("B", 1)])
        try shelf.service.runUntilIdle()
        let cause = try shelf.service.emit(failed, order: order, on: .payments)
        try shelf.service.runUntilIdle()
        #expect(try shelf.available("A") == 5)
        #expect(try shelf.reserved("A") == 5)
        #expect(try shelf.service.events(.inventory).last?.causationID == cause.id)
        for again in [failed, refunded] as [any EventPayload] {
            try shelf.service.emit(again, order: order, on: .payments)
        }
        try shelf.service.emit(cause, on: .payments)
        try shelf.service.runUntilIdle()
        try shelf.service.restart()
        try shelf.service.runUntilIdle()
        #expect(try shelf.types() == [V1.StockReserved.type, V1.StockReserved.type, V1.StockReleased.type])
        #expect(try shelf.available("B") == 5)
        #expect(try shelf.state(order) == "released")

        let paid = try shelf.order([("A", 4)])
        try shelf.service.runUntilIdle()
        try shelf.service.emit(refunded, order: paid, on: .payments)
        try shelf.service.runUntilIdle()
        let reasons = try shelf.service.payloads(V1.StockReleased.self, on: .inventory).map(\.payload.reason)
        #expect(reasons == [.paymentFailed, .paymentRefunded])
    }

    @Test("a payment's news of an order that holds no stock is a broken rule")
    func nothingToRelease() throws {
        let shelf = try InventoryShelf(["A": 1])
        let rejected = try shelf.order([("A", 2)])
        try shelf.service.runUntilIdle()
        try shelf.service.emit(failed, order: rejected, on: .payments)
        try shelf.service.emit(refunded, order: shelf.service.newOrderID(), on: .payments)
        try shelf.service.runUntilIdle()
        #expect(try shelf.service.count("SELECT count(*) FROM dead_letters WHERE error_kind = 'broken-rule'") == 2)
        #expect(try shelf.available("A") == 1)
    }

    // MARK: - Any race

    @Test(
        "orders that race for the same few pieces never oversell, and the database equals its rebuild",
        arguments: Histories.seeds(100))
    func race(seed: UInt64) throws {
        let random = SeededRandomness(seed: seed &+ 900)
        let products = (0..<4).map { "P\($0)" }
        let shelf = try InventoryShelf(
            Dictionary(uniqueKeysWithValues: products.map { ($0, Int64(random.below(12))) }), seed: seed)
        var orders: [OrderID] = []
        var ended: Set<OrderID> = []
        var paid: Set<OrderID> = []
        var said: [(Envelope, Topic)] = []
        for step in 0..<80 {
            shelf.service.clock.advance(by: .milliseconds(random.below(2000)))
            switch random.below(10) {
            case 0...4:
                let lines = (0...random.below(3)).map { _ in (random.pick(products), Int64(1 + random.below(4))) }
                orders.append(try shelf.order(lines))
                said.append((try #require(try shelf.service.events(.orders).last), .orders))
            case 5, 6:
                let held = try orders.filter { try !ended.contains($0) && shelf.state($0) == "reserved" }
                guard !held.isEmpty else { continue }
                let order = random.pick(held)
                // What is paid for is given back by a refund only.
                if !paid.contains(order), random.chance(0.4) { paid.insert(order); continue }
                let news: any EventPayload = paid.contains(order) ? refunded : failed
                said.append((try shelf.service.emit(news, order: order, on: .payments), .payments))
                ended.insert(order)
            case 7:
                try shelf.take("step \(step)", [random.pick(products): Int64(random.below(15))])
            case 8 where !said.isEmpty:
                let (envelope, topic) = random.pick(said)
                try shelf.service.emit(envelope, on: topic)
            case 9 where random.chance(0.3):
                try shelf.service.restart()
            default:
                _ = try shelf.service.turn()
            }
        }
        #expect(try shelf.service.rebuiltDomain(seed: seed) == shelf.service.domain())
        try shelf.service.runUntilIdle()
        #expect(try shelf.service.rebuiltDomain(seed: seed &+ 1) == shelf.service.domain())
        #expect(try shelf.service.troubles() == 0)

        let account = try InventoryAccount(try shelf.service.events(.inventory))
        for product in products {
            #expect(try shelf.available(product) == account.available[product])
            #expect(try Int64(shelf.reserved(product)) == account.reserved(product))
        }
        #expect(Set(account.held.keys).union(account.released).union(account.rejected) == Set(orders))
        #expect(account.released == ended)
    }
}

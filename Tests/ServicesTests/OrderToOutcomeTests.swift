import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@testable import InventoryService
@testable import OrderService
@testable import PaymentService

/// Order, Inventory and Payment on one log, from the checkout to the outcome.
@Suite("The whole flow in memory", .timeLimit(.minutes(5)))
struct OrderToOutcomeTests {
    @Test(
        "in any order of work, with lost answers and crashes: every order has its outcome, the stock and the money add up",
        arguments: Histories.seeds(50))
    func anyOrderOfWork(seed: UInt64) async throws {
        let random = SeededRandomness(seed: seed &+ 4711)
        let log = InMemoryEventLog()
        let clock = ManualClock(ServiceHarness.start)
        let shop = try OrderShop(log: log, clock: clock, seed: seed)
        let stock = Int64(5 + random.below(30))
        let shelf = try InventoryShelf(["P-0001": stock, "P-0002": stock], log: log, clock: clock, seed: seed &+ 1)
        let till = try PaymentTill(log: log, clock: clock, seed: seed &+ 2) {
            random.chance(0.7) ? .clear : random.pick([.lostBefore, .lostAfter])
        }
        var orders: [OrderID] = []

        for step in 0..<300 {
            clock.advance(by: .milliseconds(random.below(300)))
            switch random.below(12) {
            case 0 where orders.count < 25:
                var request = OrderShop.request(key: "k\(step)", lines: randomLines(random))
                request.cardToken = random.pick(["tok_visa", "tok_visa", "tok_visa", "tok_declined"])
                orders.append(try shop.place(request).orderID)
            case 1 where !orders.isEmpty && random.chance(0.4):
                try shop.cancel(random.pick(orders))
            case 2, 3, 4: _ = try shop.service.turn()
            case 5, 6: _ = try shelf.service.turn()
            case 7, 8: _ = try till.service.turn()
            case 9:
                let open = try till.openIntents
                if !open.isEmpty { try await till.ask(random.pick(open)) }
            case 10: try till.settle()
            default:
                guard random.chance(0.2) else { continue }
                switch random.below(3) {
                case 0: try shop.service.restart()
                case 1: try shelf.service.restart()
                default: try till.restart()
                }
            }
        }
        // Each only sees what the others have said: round about until nobody has anything to say.
        var events = -1
        while events != (try count(log)) {
            events = try count(log)
            try shop.service.runUntilIdle()
            try shelf.service.runUntilIdle()
            try await till.finish()
        }
        try expectOutcomes(shop, shelf, till, orders, stock: stock)
        for service in [shop.service, shelf.service, till.service] {
            #expect(try service.troubles() == 0)
            #expect(try service.domain() == service.rebuiltDomain(seed: seed))
        }
    }

    private func randomLines(_ random: SeededRandomness) -> [StockLine] {
        let products = random.pick([["P-0001"], ["P-0002"], ["P-0001", "P-0002"]])
        return products.map { StockLine(productID: $0, quantity: Int64(1 + random.below(4))) }
    }

    private func count(_ log: InMemoryEventLog) throws -> Int {
        try [Topic.orders, .inventory, .payments].reduce(0) { sum, topic in
            let reader = try log.openReader(of: topic, from: nil)
            defer { reader.close() }
            return sum + (try reader.read(maximumEvents: .max, maximumBytes: .max).count)
        }
    }

    private func expectOutcomes(
        _ shop: OrderShop, _ shelf: InventoryShelf, _ till: PaymentTill, _ orders: [OrderID], stock: Int64
    ) throws {
        var confirmed: Int64 = 0
        var sold: [String: Int64] = [:]
        for id in orders {
            let order = try #require(try shop.order(id))
            #expect(order.status != .pending, "order \(id) has no outcome")
            #expect(order.status == .confirmed || order.reason != nil)
            if order.cancellationRequestedAt != nil {
                #expect(order.status == .cancelled, "order \(id) was to be cancelled")
            }
            if order.status == .confirmed {
                confirmed += order.total.amount
                for line in order.lines { sold[line.productID, default: 0] += line.quantity }
            }
        }
        #expect(till.gateway.balance == confirmed)
        let account = try InventoryAccount(try shelf.service.events(.inventory))
        for product in ["P-0001", "P-0002"] {
            #expect(try shelf.available(product) == stock - sold[product, default: 0])
            #expect(account.available[product] == stock - sold[product, default: 0])
            #expect(account.reserved(product) == sold[product, default: 0])
        }
        // No effect before its cause, and every cause exists.
        let all = try [Topic.orders, .inventory, .payments].flatMap { try shop.service.events($0) }
        let times = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.time) })
        for event in all {
            guard let cause = event.causationID else { continue }
            let time = try #require(times[cause], "the cause of \(event.type) is nowhere")
            #expect(time <= event.time)
        }
    }
}

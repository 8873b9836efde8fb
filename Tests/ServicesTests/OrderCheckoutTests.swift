import Contracts
import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@testable import OrderService

@Suite("Order: checkout", .timeLimit(.minutes(5)))
struct OrderCheckoutTests {
    // MARK: - One order a key

    @Test("an order is a row and an event, with prices from the catalogue")
    func placed() throws {
        let shop = try OrderShop()
        let lines = [StockLine(productID: "P-0002", quantity: 3), StockLine(productID: "P-0001", quantity: 1)]
        let accepted = try shop.place(OrderShop.request(lines: lines))
        #expect(accepted.total == Money(amount: 3499, currency: "GBP"))
        let stored = try #require(try shop.order(accepted.orderID))
        #expect(stored.status == .pending)
        #expect(
            stored.lines == [
                OrderLine(productID: "P-0002", quantity: 3, unitPrice: 500),
                OrderLine(productID: "P-0001", quantity: 1, unitPrice: 1999),
            ])
        try shop.service.runUntilIdle()
        let events = try shop.service.events(.orders)
        #expect(events.map(\.type) == [V1.OrderCreated.type])
        let event = try #require(events.first)
        #expect(event.orderID == accepted.orderID)
        #expect(event.causationID == nil)
        #expect(event.correlationID == accepted.orderID.rebound())
        #expect(event.time == stored.createdAt)
        let fact = try V1.OrderCreated.decoded(from: event.data)
        #expect(fact.lines == stored.lines)
        #expect(fact.total == accepted.total)
        #expect(fact.cardToken == "tok_visa")
        #expect(fact.idempotencyKey == "key-1")
        #expect(fact.bodyHash == "aa")
    }

    @Test("the same key and body get the first order again, for ever, whatever the catalogue says by then")
    func again() throws {
        let shop = try OrderShop()
        let first = try shop.place()
        try shop.load([Product(productID: "P-0001", name: "Tea", price: Money(amount: 1, currency: "EUR"))])
        shop.service.clock.advance(by: .seconds(86_400))
        #expect(try shop.place() == first)
        try shop.service.restart()
        #expect(try shop.place() == first)
        try shop.service.runUntilIdle()
        #expect(try shop.service.events(.orders).count == 1)
        #expect(try shop.service.count("SELECT count(*) FROM orders") == 1)
    }

    @Test("the same key with another body is refused")
    func otherBody() throws {
        let shop = try OrderShop()
        try shop.place()
        let before = try shop.traces()
        let refused = try #require(try refusal { try shop.place(OrderShop.request(hash: "bb")) })
        #expect(refused.kind == .idempotencyKeyReused)
        #expect(refused.field == "Idempotency-Key")
        #expect(try shop.traces() == before)
    }

    @Test("a key that was refused is free: only an accepted order is remembered")
    func refusedKeyIsFree() throws {
        let shop = try OrderShop()
        let unknown = OrderShop.request(lines: [StockLine(productID: "P-none", quantity: 1)])
        #expect(try refusal { try shop.place(unknown) } != nil)
        try shop.place(OrderShop.request(hash: "bb"))
        #expect(try shop.service.count("SELECT count(*) FROM orders") == 1)
    }

    @Test("of two at once in one transaction the second sees the first")
    func twoAtOnce() async throws {
        let shop = try OrderShop()
        let queue = CommandQueue(node: shop.service.node, limit: 10, handler: shop.checkout)
        async let first = queue.submit(OrderShop.request())
        async let second = queue.submit(OrderShop.request())
        async let other = refusedBy(queue, OrderShop.request(hash: "bb"), after: 2)
        while queue.waiting < 3 { await Task.yield() }
        #expect(try queue.turn())
        let orders = try await [first, second]
        #expect(orders[0] == orders[1])
        #expect(await other?.kind == .idempotencyKeyReused)
        #expect(try shop.service.count("SELECT count(*) FROM orders") == 1)
        #expect(try shop.service.count("SELECT count(*) FROM outbox") == 1)
    }

    private func refusedBy(_ queue: CommandQueue<Checkout>, _ request: CheckoutRequest, after waiting: Int) async
        -> CheckoutRefusal?
    {
        while queue.waiting < waiting { await Task.yield() }
        do {
            _ = try await queue.submit(request)
            return nil
        } catch {
            return error as? CheckoutRefusal
        }
    }

    // MARK: - Prices

    @Test("a product nobody sells, another currency and an overflow are refused by field; nothing remains")
    func priced() throws {
        let shop = try OrderShop()
        let before = try shop.traces()
        func refused(_ lines: [(String, Int64)]) throws -> CheckoutRefusal? {
            try refusal {
                try shop.place(OrderShop.request(lines: lines.map { StockLine(productID: $0.0, quantity: $0.1) }))
            }
        }
        let unknown = try refused([("P-0001", 1), ("P-none", 1)])
        #expect(unknown?.kind == .unknownProduct)
        #expect(unknown?.field == "lines[1].productId")
        #expect(try refused([("P-EUR", 1)])?.field == "currency")
        #expect(try refused([("P-0001", 1), ("P-EUR", 1)])?.field == "currency")
        // A line of more than 2^63, a sum of more than 2^63, a sum of more than 2^53.
        #expect(try refused([("P-MAX", 2)])?.field == "lines[0].quantity")
        #expect(try refused([("P-2^53", 1), ("P-MAX", 1)])?.field == "lines[1].quantity")
        #expect(try refused([("P-2^53", 1), ("P-0002", 1)])?.field == "lines[1].quantity")
        // A total of 0: no card can be charged nothing.
        #expect(try refused([("P-FREE", 5)])?.field == "lines")
        #expect(try shop.traces() == before)
        #expect(try refused([("P-2^53", 1)]) == nil)
        #expect(try refused([("P-FREE", 5), ("P-0001", 1)]) == nil)
    }

    // MARK: - Bounds

    /// A change to a good request, and the field it is refused for; nil where it stays good.
    struct Case: CustomStringConvertible, Sendable {
        let description: String
        let field: String?
        let change: @Sendable (inout CheckoutRequest) -> Void

        init(_ description: String, _ field: String?, _ change: @escaping @Sendable (inout CheckoutRequest) -> Void) {
            self.description = description
            self.field = field
            self.change = change
        }
    }

    static let cases: [Case] = [
        Case("no customer", "customerId") { $0.customerID = "" },
        Case("customer of 1", nil) { $0.customerID = "c" },
        Case("customer of 100 letters", nil) { $0.customerID = String(repeating: "c", count: 100) },
        Case("customer of 101 letters", "customerId") { $0.customerID = String(repeating: "c", count: 101) },
        Case("customer of 100 two-byte letters", nil) { $0.customerID = String(repeating: "é", count: 100) },
        Case("customer of 101 two-byte letters", "customerId") { $0.customerID = String(repeating: "é", count: 101) },
        Case("customer with a line break", "customerId") { $0.customerID = "a\nb" },
        Case("customer with DEL", "customerId") { $0.customerID = "a\u{7F}" },
        Case("email of two bytes", "email") { $0.email = "a@" },
        Case("email of three", nil) { $0.email = "a@b" },
        Case("email of 254", nil) { $0.email = "ann@" + String(repeating: "b.", count: 124) + "cc" },
        Case("email of 255", "email") { $0.email = "anna@" + String(repeating: "b.", count: 124) + "cc" },
        Case("email without @", "email") { $0.email = "ann.example.test" },
        Case("email with a mark upon its @", "email") { $0.email = "a@\u{301}b" },
        Case("email beyond ASCII", "email") { $0.email = "jörg@example.test" },
        Case("email with two @", "email") { $0.email = "a@b@c" },
        Case("email with nothing before @", "email") { $0.email = "@example.test" },
        Case("email with nothing after @", "email") { $0.email = "ann@" },
        Case("email with a space", "email") { $0.email = "an n@example.test" },
        Case("email with a header", "email") { $0.email = "a@b\r\nBcc: c@d" },
        Case("currency of two", "currency") { $0.currency = "GB" },
        Case("currency of four", "currency") { $0.currency = "GBPX" },
        Case("currency in lower case", "currency") { $0.currency = "gbp" },
        Case("a code that ISO 4217 does not have", "currency") { $0.currency = "ABC" },
        Case("a code without a minor unit", "currency") { $0.currency = "XAU" },
        Case("currency beyond ASCII", "currency") { $0.currency = "Éx" },
        Case("no token", "cardToken") { $0.cardToken = "" },
        Case("token of 100", nil) { $0.cardToken = String(repeating: "t", count: 100) },
        Case("token of 101", "cardToken") { $0.cardToken = String(repeating: "t", count: 101) },
        Case("token with a space", "cardToken") { $0.cardToken = "tok visa" },
        Case("no lines", "lines") { $0.lines = [] },
        Case("1000 lines", nil) { $0.lines = (0..<1000).map { StockLine(productID: "P-\($0)", quantity: 1) } },
        Case("1001 lines", "lines") { $0.lines = (0..<1001).map { StockLine(productID: "P-\($0)", quantity: 1) } },
        Case("product without a name", "lines[0].productId") { $0.lines[0].productID = "" },
        Case("product of 64 bytes", nil) { $0.lines[0].productID = String(repeating: "p", count: 64) },
        Case("product of 65 bytes", "lines[0].productId") { $0.lines[0].productID = String(repeating: "p", count: 65) },
        Case("product with a control character", "lines[0].productId") { $0.lines[0].productID = "p\u{0}" },
        Case("quantity -1", "lines[0].quantity") { $0.lines[0].quantity = -1 },
        Case("quantity 0", "lines[0].quantity") { $0.lines[0].quantity = 0 },
        Case("quantity 1", nil) { $0.lines[0].quantity = 1 },
        Case("quantity of a real wholesale order", nil) { $0.lines[0].quantity = 80_995 },
        Case("quantity 100,000", nil) { $0.lines[0].quantity = 100_000 },
        Case("quantity 100,001", "lines[0].quantity") { $0.lines[0].quantity = 100_001 },
        Case("quantity of Int64.min", "lines[0].quantity") { $0.lines[0].quantity = .min },
        Case("quantity of Int64.max", "lines[0].quantity") { $0.lines[0].quantity = .max },
        Case("a product twice", "lines[2].productId") {
            $0.lines = ["a", "b", "a"].map { StockLine(productID: $0, quantity: 1) }
        },
    ]

    @Test("every bound holds on both sides", arguments: cases)
    func bounds(_ one: Case) throws {
        let checkout = Checkout(randomness: SeededRandomness(seed: 1))
        var request = OrderShop.request()
        one.change(&request)
        let refused = try refusal { try checkout.validate(request) }
        #expect(refused?.field == one.field)
        if one.field != nil { #expect(refused?.kind == .invalidField) }
    }

    @Test("limits can be set")
    func configured() throws {
        var limits = CheckoutLimits()
        limits.quantity = 5
        limits.lines = 1
        let checkout = Checkout(limits: limits, randomness: SeededRandomness(seed: 1))
        let fits = OrderShop.request(lines: [StockLine(productID: "a", quantity: 5)])
        #expect(try refusal { try checkout.validate(fits) } == nil)
        let many = OrderShop.request(lines: [StockLine(productID: "a", quantity: 6)])
        #expect(try refusal { try checkout.validate(many) }?.field == "lines[0].quantity")
        let long = OrderShop.request(lines: ["a", "b"].map { StockLine(productID: $0, quantity: 1) })
        #expect(try refusal { try checkout.validate(long) }?.field == "lines")
    }

    @Test("an order whose event is too large is refused and leaves nothing, and no other of its batch suffers")
    func tooLarge() async throws {
        let names = (0..<1000).map { String(repeating: "x", count: 60) + String($0 + 1000) }
        let shop = try OrderShop(
            catalogue: OrderShop.catalogue
                + names.map { Product(productID: $0, name: "", price: Money(amount: 1, currency: "GBP")) })
        let large = OrderShop.request(key: "large", lines: names.map { StockLine(productID: $0, quantity: 1) })
        try shop.checkout.validate(large)
        let before = try shop.traces()
        #expect(throws: EventCodingError.self) { try shop.place(large) }
        #expect(try shop.traces() == before)

        let queue = CommandQueue(node: shop.service.node, limit: 10, handler: shop.checkout)
        async let other = queue.submit(OrderShop.request(key: "other"))
        let refused = Task { try await queue.submit(large) }
        while queue.waiting < 2 { await Task.yield() }
        #expect(try queue.turn())
        _ = try await other
        await #expect(throws: EventCodingError.self) { try await refused.value }
        #expect(try shop.service.count("SELECT count(*) FROM orders") == 1)
        #expect(try shop.service.count("SELECT count(*) FROM outbox") == 1)
    }
}

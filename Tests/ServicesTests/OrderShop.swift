import Contracts
import Delivery
import EventLog
import Foundation

@testable import OrderService

/// Order with a catalogue and a checkout.
final class OrderShop {
    let service: ServiceHarness
    let checkout: Checkout

    static let catalogue = [
        Product(productID: "P-0001", name: "Tea", price: Money(amount: 1999, currency: "GBP")),
        Product(productID: "P-0002", name: "Cup", price: Money(amount: 500, currency: "GBP")),
        Product(productID: "P-EUR", name: "Spoon", price: Money(amount: 100, currency: "EUR")),
        Product(productID: "P-FREE", name: "Sample", price: Money(amount: 0, currency: "GBP")),
        Product(productID: "P-MAX", name: "Palace", price: Money(amount: .max, currency: "GBP")),
        Product(productID: "P-2^53", name: "House", price: Money(amount: Money.maximumAmount, currency: "GBP")),
    ]

    init(
        log: InMemoryEventLog = InMemoryEventLog(), clock: ManualClock = ManualClock(ServiceHarness.start),
        seed: UInt64 = 1,
        limits: CheckoutLimits = CheckoutLimits(), catalogue: [Product] = OrderShop.catalogue
    ) throws {
        service = try ServiceHarness(OrderService.card(), log: log, clock: clock, seed: seed)
        checkout = Checkout(limits: limits, randomness: service.randomness)
        try load(catalogue)
    }

    func load(_ products: [Product]) throws {
        try service.node.execute { db, _ in
            try Catalog.load(products, db)
            return CommandDecision(reply: ())
        }
    }

    static func request(
        key: String = "key-1", hash: String = "aa", lines: [StockLine] = [StockLine(productID: "P-0001", quantity: 1)]
    ) -> CheckoutRequest {
        CheckoutRequest(
            customerID: "c-1", email: "ann@example.test", currency: "GBP", cardToken: "tok_visa", lines: lines,
            idempotencyKey: key, bodyHash: hash)
    }

    /// As the server does it: validated, then decided and carried out in one transaction.
    @discardableResult
    func place(_ request: CheckoutRequest = OrderShop.request()) throws -> Checkout.Accepted {
        try checkout.validate(request)
        return try service.node.execute { db, now in try checkout.decide(request, at: now, in: db) }
    }

    @discardableResult
    func cancel(_ order: OrderID) throws -> StoredOrder? {
        try service.node.execute { db, now in try Cancellation().decide(CancellationRequest(order), at: now, in: db) }
    }

    func order(_ id: OrderID) throws -> StoredOrder? {
        try service.node.database.read { try OrderStore.order(id, $0) }
    }

    /// Rows that an accepted order leaves; of a refused one there must be none.
    func traces() throws -> [Int] {
        try ["orders", "outbox", "intents", "outbox_topics"].map { try service.count("SELECT count(*) FROM \($0)") }
    }
}

extension ServiceHarness {
    /// Events that failed: dead, or parked for another attempt.
    func troubles() throws -> Int {
        try count("SELECT (SELECT count(*) FROM dead_letters) + (SELECT count(*) FROM parked)")
    }
}

/// What a refused checkout throws; nil where it was not refused.
func refusal(_ body: () throws -> Void) throws -> CheckoutRefusal? {
    do {
        try body()
        return nil
    } catch let refusal as CheckoutRefusal {
        return refusal
    }
}

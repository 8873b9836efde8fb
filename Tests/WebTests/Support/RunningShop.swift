import Access
import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Logging
import OrderService
import ServiceRuntime
import TestSupport
import Web

/// The real checkout over HTTP on a real database; its commands run when the test says so, or on a thread of their own.
final class RunningShop: Sendable {
    let node: ServiceNode
    let orders: CommandQueue<Checkout>
    let cancellations: CommandQueue<Cancellation>
    private let directory: TemporaryDirectory
    private let checkout: Checkout
    private let thread = ThreadExecutor(name: "database")
    private let surfaces: [any Surface]
    private let rateLimit: ClientRateLimit?

    /// What opens its orders.
    static let tokens = OrderTokens(key: Array(0..<32))
    static let maximumBodyBytes = 64 * 1024

    /// A product of 35 bytes: 900 of them are a body that passes, and an event that does not.
    static func longName(_ number: Int) -> String {
        "X-\(number)-".padding(toLength: 35, withPad: "x", startingAt: 0)
    }

    init(waiting limit: Int = 100, hasStorefront: Bool = false, rateLimit: ClientRateLimit? = nil) throws {
        self.rateLimit = rateLimit
        surfaces =
            hasStorefront
            ? [
                Storefront(
                    log: InMemoryEventLog(), clock: SystemClock(), access: OrderAccess(Self.tokens), maximumQuantity: 7)
            ] : []
        directory = try TemporaryDirectory()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        node = try ServiceNode(
            card: OrderService.card(), database: ServiceDatabase(path: directory.path + "/order.db"),
            clock: SystemClock(),
            logger: logger)
        checkout = Checkout(randomness: SystemRandomness())
        orders = CommandQueue(node: node, limit: limit, handler: checkout)
        cancellations = CommandQueue(node: node, limit: limit, handler: Cancellation())
        let products = (1...999).flatMap { number in
            ["P-\(number)", Self.longName(number)].map { name in
                Product(
                    productID: name, name: "Product \(number)",
                    price: Money(amount: 1000 + Int64(number), currency: "GBP"))
            }
        }
        try node.execute { db, _ in
            try Catalog.load(products, db)
            return CommandDecision(reply: ())
        }
    }

    /// Serves while the body runs.
    /// - Parameter carriesOut: false where commands wait until the test takes a turn.
    func serving<Value: Sendable>(
        carriesOut: Bool = true, _ body: @escaping @Sendable (_ port: Int) async throws -> Value
    ) async throws -> Value {
        let reader = try DatabaseReader(path: node.database.path)
        let server = CheckoutServer(
            checkout: checkout, orders: orders, cancellations: cancellations,
            reader: reader, products: ProductListing(reader), access: OrderAccess(Self.tokens),
            maximumBodyBytes: Self.maximumBodyBytes,
            surfaces: surfaces, rateLimit: rateLimit)
        let loops =
            carriesOut
            ? [
                Task(executorPreference: thread) { [orders] in try await orders.run() },
                Task(executorPreference: thread) { [cancellations] in try await cancellations.run() },
            ] : []
        let result: Result<Value, any Error>
        do {
            result = .success(
                try await withServer(
                    { port, logger in
                        server.service(port: port, maximumConnections: 100, logger: logger)
                    }, body))
        } catch {
            result = .failure(error)
        }
        for loop in loops {
            loop.cancel()
            try await loop.value
        }
        return try result.get()
    }

    func count(_ sql: String) throws -> Int {
        try node.database.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }

    /// Rows that an order leaves.
    func traces() throws -> [Int] {
        try ["orders", "outbox", "intents"].map { try count("SELECT count(*) FROM \($0)") }
    }

    /// The same seen over a connection that sees only what is committed.
    func committedOrders() async throws -> Int {
        try await DatabaseReader(path: node.database.path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM orders") ?? 0
        }
    }
}

/// Requests of a shopper.
enum Shopper {
    static let body = """
        {"customerId":"c-1","email":"ann@example.test","currency":"GBP","cardToken":"tok_visa",\
        "lines":[{"productId":"P-1","quantity":2},{"productId":"P-2","quantity":1}]}
        """

    static func headers(_ key: String? = "key-1", type: String? = "application/json") -> [String] {
        [key.map { "Idempotency-Key: \($0)" }, type.map { "Content-Type: \($0)" }].compactMap { $0 }
    }

    static func place(_ client: RawClient, key: String = "key-1", _ body: String = Shopper.body) throws
        -> RawClient.Answer
    {
        try client.call("POST", "/v1/orders", headers(key), body: Array(body.utf8))
    }

    /// The header that opens an order.
    static func opening(_ order: OrderID) -> [String] {
        ["Authorization: Bearer \(RunningShop.tokens.token(of: order.bytes))"]
    }

    static func opening(_ order: String) -> [String] {
        OrderID(order).map { opening($0) } ?? []
    }
}

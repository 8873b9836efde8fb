import Contracts
import EventLog
import Foundation
import Logging
import ServiceRuntime
import Testing
import TestSupport

@testable import Web

@Suite("Storefront", .timeLimit(.minutes(5)))
struct StorefrontTests {
    private func serving(
        _ analytics: WatchedAnalytics, _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let storefront = Storefront(
            log: analytics.log, clock: SystemClock(), access: OrderAccess(RunningShop.tokens), maximumQuantity: 7)
        try await withServer({ AdminServer.make(port: $0, logger: $1, surfaces: [storefront]) }, body)
    }

    @Test("the page and its files are here, forbid what they do not need, and load nothing from elsewhere")
    func files() async throws {
        try await serving(try WatchedAnalytics()) { port in
            try await blocking { try expectSafePages(port, title: "Stampede shop") }
        }
    }

    @Test("beside the storefront the API is what it was")
    func besides() async throws {
        let shop = try RunningShop(hasStorefront: true)
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                #expect(try client.call("GET", "/").status == 200)
                let order = try #require(try Shopper.place(client)["orderId"])
                #expect(try client.call("GET", "/v1/orders/\(order)", Shopper.opening(order))["status"] == "pending")
                #expect(
                    try client.call("GET", "/orders/\(order)").headers["content-type"] == "text/html; charset=utf-8")
                for path in ["/v1/orders/no-uuid", "/v1", "/V1/orders", "/orders", "/orders/no-uuid", "/storefront"] {
                    expectProblem(try client.call("GET", path), 404, "not-found", "\(path)")
                }
                for path in ["/", "/orders/\(order)", "/storefront/stock"] {
                    expectProblem(try client.call("POST", path, body: []), 405, "method-not-allowed", "\(path)")
                }
                expectProblem(try client.call("GET", "/v1/orders"), 405, "method-not-allowed")
            }
        }
    }

    @Test("stock is what Inventory said, added up; what cannot be read is left out")
    func stock() async throws {
        let analytics = try WatchedAnalytics()
        let (sold, released) = (WatchedAnalytics.newOrder(), WatchedAnalytics.newOrder())
        try analytics.say(Said.stock(10), subject: "P-1", on: .inventory)
        try analytics.say(Said.stock(3), subject: "<b>P-2</b>", on: .inventory)
        try analytics.say(Said.reserved, of: sold, on: .inventory)
        try analytics.append([9, 9, 9], to: .inventory)
        try analytics.say(Said.reserved, of: released, on: .inventory)
        try analytics.say(V1.StockReleased(lines: Said.pieces, reason: .paymentFailed), of: released, on: .inventory)
        try analytics.say(Said.rejected, of: WatchedAnalytics.newOrder(), on: .inventory)
        try await serving(analytics) { port in
            try await blocking {
                let client = try RawClient(port)
                let stock = try client.call("GET", "/storefront/stock").json
                #expect(stock["pieces"] as? [String: Int] == ["P-1": 8, "<b>P-2</b>": 3])
                #expect(stock["behind"] as? Int == 0)
                #expect(stock["maximumQuantity"] as? Int == 7)
                #expect(
                    try client.call("GET", "/storefront/orders/\(sold)", Shopper.opening(sold))["stock"] == "reserved")
                #expect(
                    try client.call("GET", "/storefront/orders/\(released)", Shopper.opening(released))["stock"]
                        == "released")
                let unheard = WatchedAnalytics.newOrder()
                let answer = try client.call("GET", "/storefront/orders/\(unheard)", Shopper.opening(unheard))
                #expect(answer.status == 200 && answer.json.isEmpty)
            }
        }
    }

    @Test("where the log no longer has the beginning, stock is not known, and nobody guesses")
    func archived() async throws {
        let analytics = try WatchedAnalytics()
        try analytics.say(Said.stock(10), subject: "P-1", on: .inventory)
        try analytics.say(Said.stock(5), subject: "P-1", on: .inventory)
        analytics.log.retire(.inventory, below: 1)
        try await serving(analytics) { port in
            try await blocking {
                let stock = try RawClient(port).call("GET", "/storefront/stock").json
                #expect(stock["pieces"] == nil)
            }
        }
    }

    @Test("however many ask, the log is read once a while; a later sale is seen after it")
    func shared() async throws {
        let analytics = try WatchedAnalytics()
        try analytics.say(Said.stock(10), subject: "P-1", on: .inventory)
        let clock = SteppedClock()
        let watch = StockWatch(analytics.log, clock)
        #expect(try await watch.look { $0.stock } == ["P-1": 10])
        try analytics.say(Said.stock(5), subject: "P-1", on: .inventory)
        #expect(try await watch.look { $0.stock } == ["P-1": 10])
        clock.step(StockWatch.interval)
        #expect(try await watch.look { $0.stock } == ["P-1": 15])
        clock.set(ahead: .seconds(-60))
        clock.step(StockWatch.interval)
        try analytics.say(Said.stock(1), subject: "P-1", on: .inventory)
        #expect(try await watch.look { $0.stock } == ["P-1": 16], "a clock that was set back")
    }

    @Test("the latest orders are remembered, and no more")
    func bounded() throws {
        let analytics = try WatchedAnalytics()
        let writer = try analytics.log.openWriter(of: .inventory)
        let orders = (0..<(2 * StockWindow.maximumOrders)).map { _ in WatchedAnalytics.newOrder() }
        let data = try Said.rejected.encoded()
        let events = try orders.map { order in
            try EventCoding.encode(
                Envelope(
                    id: order.rebound(), source: "/test", type: V1.StockRejected.type, subject: order.description,
                    time: SystemClock().now(), correlationID: order.rebound(), data: data))
        }
        try writer.append(events, firstSequence: 1)
        writer.close()
        let window = StockWindow(analytics.log)
        try window.look()
        #expect(window.shelves.count == StockWindow.maximumOrders)
        #expect(orders.last.flatMap { window.shelves[$0] } == .rejected)
        #expect(orders.first.flatMap { window.shelves[$0] } == nil)
    }
}

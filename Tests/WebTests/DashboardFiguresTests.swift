import Contracts
import EventLog
import Foundation
import Testing
import TestSupport

@testable import AnalyticsService
@testable import Web

@Suite("Dashboard: the figures", .timeLimit(.minutes(5)))
struct DashboardFiguresTests {
    /// The first snapshot that a client gets.
    private func snapshot(_ analytics: WatchedAnalytics) async throws -> EventStream.Event {
        try await analytics.serving { port in
            try await blocking { try EventStream(port).next(named: "snapshot") }
        }
    }

    @Test("what is shown is what the log says, counted another way")
    func equalToTheLog() async throws {
        let analytics = try WatchedAnalytics()
        try analytics.say(Said.stock(100), subject: "P-1", on: .inventory)
        for number in 0..<60 {
            let order = WatchedAnalytics.newOrder()
            try analytics.say(Said.created, of: order, on: .orders)
            switch number % 6 {
            case 0: continue
            case 1:
                try analytics.say(Said.rejected, of: order, on: .inventory)
                try analytics.say(Said.cancelled(.soldOut), of: order, on: .orders)
            case 2: try analytics.say(Said.reserved, of: order, on: .inventory)
            default:
                try analytics.say(Said.reserved, of: order, on: .inventory)
                try analytics.say(Said.paid, of: order, on: .payments)
                try analytics.say(Said.confirmed, of: order, on: .orders)
                try analytics.say(Said.told, of: order, on: .notifications)
            }
        }
        try analytics.consume()
        let json = try await snapshot(analytics).json

        let reader = try analytics.log.openReader(of: .orders, from: nil)
        let types = try reader.read(maximumEvents: 1000, maximumBytes: .max).map {
            try EventCoding.decode($0.bytes).type
        }
        func said(_ type: String) -> Int { types.filter { $0 == type }.count }
        let funnel = try #require(json["funnel"] as? [String: Any])
        let rows = try #require(funnel["rows"] as? [[String: Any]])
        let orders = Dictionary(
            uniqueKeysWithValues: rows.compactMap { row in
                (row["name"] as? String).map { ($0, row["orders"] as? Int ?? -1) }
            })
        #expect(funnel["placed"] as? Int == said(V1.OrderCreated.type))
        #expect(orders["confirmed"] == said(V1.OrderConfirmed.type))
        #expect(orders["cancelled: sold out"] == said(V1.OrderCancelled.type))
        #expect(orders["waiting for stock"] == 10)
        #expect(orders["reserved, being paid"] == 10)
        #expect(orders.values.reduce(0, +) == said(V1.OrderCreated.type))
        #expect(json["revenue"] as? [[String: String]] == [["currency": "GBP", "amount": "\(30 * 2500)"]])
        let product = try #require((json["products"] as? [[String: Any]])?.first)
        #expect(product["sold"] as? Int == 60)
        #expect(product["available"] as? Int == 100 - 2 * 40)
        #expect(json["isCaughtUp"] as? Bool == true)
        // Twenty orders have no outcome, ten that were sold out were not told yet.
        let words = try #require(json["invariants"] as? [[String: Any]]).map { $0["word"] as? String }
        #expect(words.prefix(4) == ["unknown", "holds", "holds", "unknown"])
        let summary = try #require(json["summary"] as? [String: String])
        #expect(summary["verdict"] == "UNKNOWN")
        #expect(try #require(summary["detail"]).contains("20 on their way"))
    }

    @Test("the funnel's rows add up to what was placed, however far each topic was read", arguments: 0..<40)
    func funnel(seed: UInt64) throws {
        var random = SystemRandomNumberGenerator()
        func some(_ bound: Int64) -> Int64 { Int64.random(in: 0...bound, using: &random) }
        let placed = some(1000)
        let confirmed = some(placed)
        let soldOut = some(placed - confirmed)
        let refunded = some(confirmed)
        var figures = Figures.none
        figures.orders = Figures.Orders(
            pending: placed - confirmed - soldOut, confirmed: confirmed - refunded, cancelled: soldOut + refunded,
            cancelledByReason: ["soldOut": soldOut, "refunded": refunded])
        // The other topics: read further than the orders', or less far.
        figures.events = [
            V1.OrderCreated.type: placed, V1.StockReserved.type: some(1200), V1.StockRejected.type: some(1200),
            V1.PaymentSucceeded.type: some(1200), V1.PaymentFailed.type: some(1200),
        ]
        let funnel = Funnel(figures)
        #expect(funnel.rows.reduce(0) { $0 + $1.orders } == placed, "\(funnel)")
        #expect(funnel.rows.allSatisfy { $0.orders >= 0 }, "\(funnel)")
    }

    @Test("a thing that does not hold is shown broken, by name")
    func broken() async throws {
        func verdicts(_ body: (WatchedAnalytics) throws -> Void) async throws -> [String: Truth] {
            let analytics = try WatchedAnalytics()
            try body(analytics)
            try analytics.consume()
            let shown = try await analytics.shown()
            return Dictionary(
                uniqueKeysWithValues: InvariantStrip(shown, isCaughtUp: true, shop: ShopDelivery()).all.map {
                    ($0.name, $0.holds)
                })
        }
        let order = WatchedAnalytics.newOrder()
        let usual = try await verdicts { try $0.settle(order) }
        #expect(usual["Nothing is oversold"] == .no, "two pieces were reserved of none")
        #expect(usual["Confirmed is paid"] == .yes)
        let unpaid = try await verdicts {
            try $0.say(Said.created, of: order, on: .orders)
            try $0.say(Said.confirmed, of: order, on: .orders)
        }
        #expect(unpaid["Confirmed is paid"] == .no)
        #expect(unpaid["Nothing is oversold"] == .yes)
        let twice = try await verdicts {
            try $0.say(Said.created, of: order, on: .orders)
            try $0.say(Said.confirmed, of: order, on: .orders)
            try $0.say(Said.cancelled(.soldOut), of: order, on: .orders)
        }
        #expect(twice["Each order has one outcome"] == .no)
        let told = try await verdicts {
            try $0.settle(order)
            try $0.say(Said.told, of: order, on: .notifications)
        }
        #expect(told["Each outcome is told once"] == .no)
    }

    @Test("what hangs on a topic that was not read to its end is called unknown, not broken")
    func notKnownYet() async throws {
        let analytics = try WatchedAnalytics()
        let order = WatchedAnalytics.newOrder()
        try analytics.say(Said.created, of: order, on: .orders)
        try analytics.say(Said.confirmed, of: order, on: .orders)
        try analytics.consume()
        try analytics.say(Said.paid, of: order, on: .payments)
        let json = try await snapshot(analytics).json
        #expect(json["isCaughtUp"] as? Bool == false)
        let invariants = try #require(json["invariants"] as? [[String: Any]])
        let paid = invariants.first { $0["name"] as? String == "Confirmed is paid" }
        #expect(paid?["holds"] as? String == "unknown")
        #expect((json["summary"] as? [String: String])?["verdict"] == "UNKNOWN")
    }

    @Test("hostile names come out as text of one line, revenue to the last unit, lag never below zero")
    func hostile() async throws {
        let analytics = try WatchedAnalytics()
        let name = "<img src=x onerror=alert(1)>\u{2028}\nid: 9\r\n</script>"
        try analytics.say(Said.stock(7), subject: name, on: .inventory)
        let order = WatchedAnalytics.newOrder()
        var expensive = Said.confirmed
        expensive.total.amount = .max
        try analytics.say(Said.created, of: order, on: .orders)
        try analytics.say(expensive, of: order, on: .orders)
        try analytics.append([1, 2, 3], to: .payments)
        try analytics.consume()
        let event = try await snapshot(analytics)
        #expect(event.data.count == 1)
        let json = event.json
        let products = try #require(json["products"] as? [[String: Any]])
        #expect(products.contains { $0["productID"] as? String == name })
        #expect((json["revenue"] as? [[String: String]])?.first?["amount"] == "9223372036854775807")
        let events = try #require(json["events"] as? [[String: Any]])
        #expect(events.contains { $0["subject"] as? String == name })
        #expect(events.contains { $0["type"] as? String == "no event" })
        let lag = try #require(json["lag"] as? [[String: Any]])
        #expect(lag.count == 4 && lag.allSatisfy { $0["behind"] as? Int == 0 })
    }

    @Test("what the figures cost does not grow with the number of those who watch")
    func shared() async throws {
        let analytics = try WatchedAnalytics()
        try await analytics.serving { port in
            try await blocking {
                let streams = try (0..<8).map { _ in try EventStream(port) }
                let frames = try streams.map { stream -> [String: String] in
                    var texts: [String: String] = [:]
                    for _ in 0..<3 {
                        let event = try stream.next(named: "snapshot")
                        texts[event.id ?? ""] = event.text
                    }
                    return texts
                }
                for id in Set(frames.flatMap(\.keys)) {
                    #expect(Set(frames.compactMap { $0[id] }).count == 1, "one snapshot a tick, the same for all")
                }
            }
        }
    }
}

extension Figures {
    /// Of a shop in which nothing happened yet.
    fileprivate static var none: Figures {
        Figures(
            orders: Orders(pending: 0, confirmed: 0, cancelled: 0, cancelledByReason: [:]), revenue: [:], products: [],
            minutes: [], latencyMilliseconds: Latency(orders: 0), events: [:], stuckOrders: 0, lowProducts: 0)
    }
}

import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@testable import AnalyticsService
@testable import Web

/// What the dashboard says of a shop, in the audit's words: `SystemTests/VerdictSurfacesTests` compares it with the audit's.
@Suite("Dashboard: the verdict", .timeLimit(.minutes(5)))
struct DashboardVerdictTests {
    /// The strip over what Analytics read of events that `say` appends.
    private func strip(
        isCaughtUp: Bool = true, shop: ShopDelivery = ShopDelivery(), deadHere dead: [String] = [],
        corrected: Bool = false, _ say: (WatchedAnalytics) throws -> Void
    ) async throws -> InvariantStrip {
        let analytics = try WatchedAnalytics()
        try analytics.say(Said.stock(100), subject: "P-1", on: .inventory)
        try say(analytics)
        try analytics.consume()
        try analytics.node.database.transaction { db in
            for type in dead {
                try db.execute(
                    sql: """
                        INSERT INTO dead_letters (event_id, topic, offset, subject, type, event, corrected, error_kind, error,
                            signature, attempts, first_failed_at, died_at, state)
                        VALUES (randomblob(16), 'orders', abs(random()), hex(randomblob(16)), ?, x'', ?, 'k', 'e', 's', 3, 1, 2, ?)
                        """, arguments: [type, corrected ? Data([1]) : nil, corrected ? "redriven" : "open"])
            }
        }
        return InvariantStrip(try await analytics.shown(), isCaughtUp: isCaughtUp, shop: shop)
    }

    @Test("without an order there is nothing to judge; one that came to its end is VALID")
    func emptyAndCalm() async throws {
        let empty = try await strip { _ in }
        #expect(empty.summary.verdict == .nothingToJudge && empty.summary.detail == "no order was ever placed")
        let calm = try await strip { try $0.settle(WatchedAnalytics.newOrder()) }
        #expect(calm.summary.verdict == .valid && calm.summary.detail.isEmpty, "\(calm.all)")
    }

    @Test(
        "whatever is under way anywhere makes it UNKNOWN, by name",
        arguments: [
            ("payment-service", ShopDelivery.with { $0.silent = [.payment] }),
            ("7 to read", .with { $0.unread = 7 }), ("not known", .with { $0.unread = nil }),
            ("2 to be tried again", .with { $0.retrying = 2 }), ("3 in an outbox", .with { $0.unpublished = 3 }),
            ("1 calls without response", .with { $0.openCalls = 1 }),
        ])
    func underWay(words: String, shop: ShopDelivery) async throws {
        let strip = try await strip(shop: shop) { try $0.settle(WatchedAnalytics.newOrder()) }
        #expect(strip.summary.verdict == .unknown && strip.summary.detail.contains(words), "\(strip.summary)")
    }

    @Test("an order without outcome is UNKNOWN, stuck or not; one that a dead letter holds up is VALID, and named")
    func pending() async throws {
        let moving = try await strip { try $0.say(Said.created, of: WatchedAnalytics.newOrder(), on: .orders) }
        #expect(moving.summary.verdict == .unknown)
        #expect(moving.all.allSatisfy { $0.holds != .no })
        let shop = ShopDelivery.with {
            $0.heldUp = HeldUp(orders: 1, holding: 1, deadLetters: 1)
            $0.heldPending = 1
        }
        let held = try await strip(shop: shop) {
            try $0.say(Said.created, of: WatchedAnalytics.newOrder(), on: .orders)
        }
        #expect(held.summary.verdict == .valid, "\(held.all)")
        #expect(held.summary.detail == "1 order held up by 1 dead letter")
        let two = try await strip(shop: shop) { analytics in
            for _ in 0..<2 { try analytics.say(Said.created, of: WatchedAnalytics.newOrder(), on: .orders) }
        }
        #expect(two.summary.verdict == .unknown, "the other one is on its way")
    }

    @Test("a customer who was not told is UNKNOWN, unless a dead letter at Notification is why")
    func untold() async throws {
        func say(_ analytics: WatchedAnalytics) throws {
            let order = WatchedAnalytics.newOrder()
            try analytics.say(Said.created, of: order, on: .orders)
            try analytics.say(Said.paid, of: order, on: .payments)
            try analytics.say(Said.confirmed, of: order, on: .orders)
        }
        #expect(try await strip(say).summary.verdict == .unknown)
        #expect(try await strip(shop: .with { $0.untold = 1 }, say).summary.verdict == .valid)
    }

    @Test("events that Analytics itself set aside are counted with the others, and never make it INVALID")
    func setAside() async throws {
        func unpaid(_ analytics: WatchedAnalytics) throws {
            let order = WatchedAnalytics.newOrder()
            try analytics.say(Said.created, of: order, on: .orders)
            try analytics.say(Said.confirmed, of: order, on: .orders)
            try analytics.say(Said.told, of: order, on: .notifications)
        }
        #expect(try await strip(unpaid).summary.verdict == .invalid)
        #expect(try await strip(deadHere: [V1.PaymentSucceeded.type], unpaid).summary.verdict == .valid)
        #expect(try await strip(deadHere: ["v1.Other"], unpaid).summary.verdict == .unknown)
        #expect(try await strip(deadHere: ["v1.Other"], corrected: true, unpaid).summary.verdict == .unknown)
        #expect(try await strip(shop: .with { $0.injected = 1 }, unpaid).summary.verdict == .unknown)
        #expect(try await strip(isCaughtUp: false, unpaid).summary.verdict == .unknown)
    }

    @Test("what is oversold is INVALID, whatever else is under way")
    func oversold() async throws {
        let strip = try await strip(shop: .with { $0.silent = [.payment] }) { analytics in
            for _ in 0..<51 { try analytics.say(Said.reserved, of: WatchedAnalytics.newOrder(), on: .inventory) }
        }
        #expect(strip.summary.verdict == .invalid)
        #expect(strip.summary.detail == "Nothing is oversold: fewest left: -2 of P-1")
    }

    // MARK: - Processes

    private func answer(_ service: ServiceName, letters: Int = 0, isLatest: Bool = true) throws -> DeliverySurvey.Answer
    {
        let json = """
            {"service":"\(service.rawValue)","positions":[],"parked":0,"retrying":0,"unpublished":0,"openCalls":0,
            "heldOrders":[],"injected":0,"letters":\(letters),"groups":[]}
            """
        let summary = try JSONDecoder().decode(DeliverySummary.self, from: Data(json.utf8))
        return DeliverySurvey.Answer(summary: summary, at: Timestamp(microseconds: 1), isLatest: isLatest)
    }

    @Test("what does not work comes first, with its reason; restarts, pauses and dead letters want to be looked at")
    func processes() async throws {
        try await withTemporaryDirectory { directory in
            let supervisor = """
                payment-gateway 1 running 0
                order-service 2 running 0
                inventory-service - backoff 3
                payment-service 4 running 0
                notification-service 5 running 2
                analytics-service 6 running 0
                """
            try Data(supervisor.utf8).write(to: URL(fileURLWithPath: directory + "/supervisor.state"))
            try Data("\(getpid())\n".utf8).write(to: URL(fileURLWithPath: directory + "/supervisor.pid"))
            let statuses: [ServiceName: AnsweredStatus] = [
                .order: AnsweredStatus(
                    service: .order, paused: .init(actor: "ann", reason: "stocktaking"), standing: [], breaker: nil,
                    testFaults: false),
                .payment: AnsweredStatus(
                    service: .payment, paused: nil, standing: [.init(part: "outbox relay", reason: "disk full")],
                    breaker: nil, testFaults: false),
                .notification: AnsweredStatus(
                    service: .notification, paused: nil, standing: [], breaker: nil, testFaults: false),
            ]
            let all = ProcessState.all(
                try [answer(.order), answer(.payment, letters: 2), answer(.notification), answer(.analytics)],
                statuses: statuses, silent: [.inventory], supervisor: SupervisorStates(directory: directory))
            #expect(
                all.map { "\($0.name) \($0.state) \($0.look.rawValue): \($0.detail)" } == [
                    "inventory-service backoff bad: restarted 3 times",
                    "payment-service blocked bad: outbox relay: disk full; 2 dead letters",
                    "order-service paused warning: by ann: stocktaking",
                    "notification-service running warning: restarted 2 times",
                    "payment-gateway running good: ", "analytics-service running good: ",
                ])
        }
    }

    @Test("without a supervisor to ask, a service that gives no answer is bad all the same")
    func noSupervisor() throws {
        let all = ProcessState.all(
            try [answer(.order), answer(.payment, isLatest: false)], statuses: [:], silent: [.payment, .inventory],
            supervisor: SupervisorStates(directory: nil))
        #expect(all.filter { $0.look == .bad }.map(\.name) == ["inventory-service", "payment-service"])
        #expect(all.allSatisfy { $0.look != .bad || $0.state == "no answer" })
    }
}

extension ShopDelivery {
    fileprivate static func with(_ change: (inout ShopDelivery) -> Void) -> ShopDelivery {
        var shop = ShopDelivery()
        change(&shop)
        return shop
    }
}

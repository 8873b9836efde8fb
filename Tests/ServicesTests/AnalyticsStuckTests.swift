import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@testable import AnalyticsService

/// When an order is called stuck, and when it must not be.
@Suite("Analytics: stuck orders")
struct AnalyticsStuckTests {
    private func service(_ log: InMemoryEventLog = InMemoryEventLog()) throws -> (ServiceHarness, StuckOrders) {
        let harness = try ServiceHarness(AnalyticsService.card(), log: log)
        return (harness, StuckOrders(node: harness.node, log: log))
    }

    private func reports(_ harness: ServiceHarness) throws -> [(subject: String, payload: V1.OrderStuck)] {
        try harness.payloads(V1.OrderStuck.self, on: .analytics)
    }

    @Test("an order without outcome is reported at its limit, then at twice, four and eight times that age")
    func doubling() throws {
        let (harness, stuck) = try service()
        harness.parts = [{ try stuck.turn() == .worked }]
        let order = harness.newOrderID()
        try harness.emit(Sample.created(), order: order, on: .orders)
        var ages: [Int] = []
        for second in 0...600 {
            let before = try reports(harness).count
            try harness.runUntilIdle()
            if try reports(harness).count > before { ages.append(second) }
            harness.clock.advance(by: .seconds(1))
        }
        #expect(ages == [60, 120, 240, 480])
        #expect(try reports(harness).map(\.payload.count) == [1, 2, 3, 4])
        #expect(try reports(harness).allSatisfy { $0.subject == order.description })
        #expect(
            try harness.events(.analytics).allSatisfy { $0.causationID == nil && $0.correlationID == order.rebound() })
        #expect(Set(try harness.events(.analytics).map(\.id)).count == 4)
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 2))
    }

    @Test(
        "a clock that leaps a day calls nobody stuck, and one that was set back hides nobody",
        arguments: [-3600, 86_400])
    func clockSet(seconds: Int) throws {
        let (harness, stuck) = try service()
        harness.parts = [{ try stuck.turn() == .worked }]
        let orders = [harness.newOrderID(), harness.newOrderID()]
        try harness.emit(Sample.created(), order: orders[0], on: .orders)
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(30))
        harness.clock.set(ahead: .seconds(seconds))
        try harness.emit(Sample.created(), order: orders[1], on: .orders)
        for (wait, count) in [(29, 0), (6, 1), (30, 2)] {
            for _ in 0..<wait {
                harness.clock.advance(by: .seconds(1))
                try harness.runUntilIdle()
            }
            #expect(try reports(harness).map(\.subject) == orders.prefix(count).map(\.description))
        }
    }

    @Test("a restart reports nothing again")
    func restart() throws {
        let log = InMemoryEventLog()
        let (harness, stuck) = try service(log)
        try harness.emit(Sample.created(), order: harness.newOrderID(), on: .orders)
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(61))
        _ = try stuck.turn()
        try harness.restart()
        let again = StuckOrders(node: harness.node, log: log)
        _ = try again.turn()
        try harness.runUntilIdle()
        #expect(try reports(harness).count == 1)
    }

    @Test("what it waits for follows from what was seen, in whatever order it came")
    func waitsFor() throws {
        let stages: [(OrderProgress, String)] = [
            ([.created], "inventory: StockReserved or StockRejected"),
            ([.created, .cancellationRequested], "inventory: StockReserved or StockRejected"),
            ([.created, .rejected], "order: OrderCancelled"),
            ([.created, .reserved], "payment: PaymentSucceeded or PaymentFailed"),
            ([.created, .reserved, .unpaid, .released], "order: OrderCancelled"),
            ([.created, .reserved, .paid], "order: OrderConfirmed"),
            ([.created, .reserved, .paid, .cancellationRequested, .refunded], "order: OrderCancelled"),
        ]
        for (progress, text) in stages { #expect(progress.waitsFor == text) }

        let (harness, stuck) = try service()
        let order = harness.newOrderID()
        let paid = V1.PaymentSucceeded(amount: Sample.total, paymentIntent: "pi")
        try harness.emit(paid, order: order, on: .payments, at: ServiceHarness.start + .seconds(3))
        try harness.runUntilIdle()
        let reserved = V1.StockReserved(
            lines: Sample.stock(Sample.lines), total: Sample.total, cardToken: "t", expiresAt: ServiceHarness.start)
        try harness.emit(reserved, order: order, on: .inventory, at: ServiceHarness.start + .seconds(2))
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(61))
        _ = try stuck.turn()
        try harness.runUntilIdle()
        #expect(try reports(harness).isEmpty)  // OrderCreated is not there: nothing is known of its age
        try harness.emit(Sample.created(), order: order, on: .orders, at: ServiceHarness.start)
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(5))
        _ = try stuck.turn()
        try harness.runUntilIdle()
        let report = try #require(try reports(harness).first)
        #expect(report.payload.waitsFor == "order: OrderConfirmed")
        #expect(report.payload.since == ServiceHarness.start + .seconds(3))
    }

    @Test(
        "nobody is called stuck while a topic is not read to its end",
        arguments: [Topic.orders, .inventory, .payments, .notifications])
    func notCaughtUp(topic: Topic) throws {
        let (harness, stuck) = try service()
        let order = harness.newOrderID()
        try harness.emit(Sample.created(), order: order, on: .orders)
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(61))
        try harness.emit(V1.OrderCancellationRequested(), order: harness.newOrderID(), on: topic)
        #expect(try stuck.turn() != .worked)
        #expect(try harness.count("SELECT count(*) FROM outbox") == 0)
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(5))
        _ = try stuck.turn()
        try harness.runUntilIdle()
        #expect(try reports(harness).map(\.subject) == [order.description])
    }

    @Test("an order whose event lies at the desk is not called stuck: its outcome is not known here")
    func atTheDesk() throws {
        let (harness, stuck) = try service()
        let order = harness.newOrderID()
        try harness.emit(Sample.created(), order: order, on: .orders)
        var broken = try harness.emit(
            Sample.created(), order: harness.newOrderID(), on: .orders, at: ServiceHarness.start)
        broken.id = EventID(high: 1, low: 1)
        broken.type = V1.OrderConfirmed.type
        broken.subject = order.description
        broken.data = Array("{}".utf8)
        try harness.emit(broken, on: .orders)
        try harness.runUntilIdle()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 1)
        harness.clock.advance(by: .seconds(61))
        _ = try stuck.turn()
        try harness.runUntilIdle()
        #expect(try reports(harness).count == 1)  // the other one
        #expect(try reports(harness).allSatisfy { $0.subject != order.description })
    }

    @Test("an order with an outcome is never reported, and a thousand stuck ones are reported in bounded turns")
    func bounded() throws {
        let (harness, stuck) = try service()
        for number in 0..<1000 {
            let order = harness.newOrderID()
            try harness.emit(Sample.created(), order: order, on: .orders)
            if number % 4 == 0 { try harness.emit(Sample.confirmed(), order: order, on: .orders) }
        }
        try harness.runUntilIdle()
        harness.clock.advance(by: .seconds(61))
        var turns = 0
        while try stuck.turn() == .worked { turns += 1 }
        #expect(turns == 2)  // 256, 256, then the last 238
        try harness.runUntilIdle()
        #expect(try reports(harness).count == 750)
        #expect(Set(try reports(harness).map(\.subject)).count == 750)
        let figures = try harness.node.database.read { try Figures($0) }
        #expect(figures.stuckOrders == 750 && figures.orders.pending == 750)
    }
}

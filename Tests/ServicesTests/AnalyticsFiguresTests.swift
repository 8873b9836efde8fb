import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing
import TestSupport

@testable import AnalyticsService

/// The figures, against a count of the same events done another way.
@Suite("Analytics: figures")
struct AnalyticsFiguresTests {
    /// Plays a sale onto the log, the topics woven together as the seed says, the service working in between.
    private func play(_ sale: RandomSale, seed: UInt64, twice: Bool = false) throws -> ServiceHarness {
        let harness = try ServiceHarness(AnalyticsService.card(), seed: seed)
        let random = SeededRandomness(seed: seed &+ 77)
        var left = sale.topics.mapValues { $0[...] }
        var said: [(Envelope, Topic)] = []
        while !left.isEmpty {
            let topic = random.pick(left.keys.sorted { $0.name < $1.name })
            for _ in 0...random.below(8) {
                guard let next = left[topic]?.popFirst() else { break }
                said.append((try harness.emit(next.payload, subject: next.subject, on: topic, at: next.time), topic))
                if twice, random.chance(0.5) {
                    let (envelope, topic) = random.pick(said)
                    try harness.emit(envelope, on: topic)
                }
            }
            if left[topic]?.isEmpty == true { left[topic] = nil }
            if random.chance(0.3) { _ = try harness.turn() }
        }
        if twice { for (envelope, topic) in said { try harness.emit(envelope, on: topic) } }
        try harness.runUntilIdle()
        return harness
    }

    @Test(
        "the database equals its rebuild and the count by hand, however the topics are woven together",
        arguments: Histories.seeds(100))
    func anyInterleaving(seed: UInt64) throws {
        let sale = RandomSale(orders: 12, products: 4, seed: seed, start: ServiceHarness.start)
        let harness = try play(sale, seed: seed)
        let domain = try harness.domain()
        #expect(try harness.rebuiltDomain(seed: seed) == domain)
        #expect(try harness.rebuiltDomain(seed: seed &+ 1000) == domain)
        try expectCount(of: sale, in: harness)
    }

    @Test("events that come twice, at other offsets, count once", arguments: Histories.seeds(20))
    func duplicates(seed: UInt64) throws {
        let sale = RandomSale(orders: 12, products: 4, seed: seed, start: ServiceHarness.start)
        let once = try play(sale, seed: seed)
        let twice = try play(sale, seed: seed, twice: true)
        #expect(try once.figuresOnly() == twice.figuresOnly())
        #expect(try twice.domain() == twice.rebuiltDomain(seed: seed))
        #expect(try twice.events(.analytics).count == once.events(.analytics).count)
    }

    private func expectCount(of sale: RandomSale, in harness: ServiceHarness) throws {
        let figures = try harness.node.database.read { try Figures($0) }
        let orders = sale.topics[.orders] ?? []
        func subjects<Payload: EventPayload>(_: Payload.Type) -> [(RandomSale.Said, Payload)] {
            orders.compactMap { said in (said.payload as? Payload).map { (said, $0) } }
        }
        let created = subjects(V1.OrderCreated.self)
        let confirmed = subjects(V1.OrderConfirmed.self)
        let cancelled = subjects(V1.OrderCancelled.self)
        let refunded = cancelled.filter { $0.1.reason == .refunded }
        let ended = Set((confirmed.map(\.0) + cancelled.map(\.0)).map(\.subject))

        #expect(figures.orders.pending == Int64(created.count - ended.count))
        #expect(figures.orders.confirmed == Int64(confirmed.count - refunded.count))
        #expect(figures.orders.cancelled == Int64(cancelled.count))
        #expect(
            figures.orders.cancelledByReason
                == Dictionary(cancelled.map { ($0.1.reason.rawValue, 1) }, uniquingKeysWith: +))
        var revenue: [String: Int64] = [:]
        for (_, payload) in confirmed { revenue[payload.total.currency, default: 0] += payload.total.amount }
        for (_, payload) in refunded { revenue[payload.total.currency, default: 0] -= payload.total.amount }
        #expect(figures.revenue == revenue)
        #expect(figures.latencyMilliseconds.orders == Int64(ended.count))
        #expect(figures.minutes.reduce(0) { $0 + $1.created } == Int64(created.count))
        #expect(figures.events.values.reduce(0, +) == Int64(sale.topics.values.reduce(0) { $0 + $1.count }))

        var sold: [String: Int64] = [:]
        for (_, payload) in confirmed {
            for line in payload.lines { sold[line.productID, default: 0] += line.quantity }
        }
        for (_, payload) in refunded { for line in payload.lines { sold[line.productID, default: 0] -= line.quantity } }
        let stock = Stock(sale.topics[.inventory] ?? [])
        for product in figures.products {
            #expect(product.sold == sold[product.productID, default: 0])
            #expect(product.available == stock.available[product.productID])
        }
        let reports = try harness.payloads(V1.StockRanLow.self, on: .analytics)
        #expect(reports.map { "\($0.subject) \($0.payload.available)" } == stock.crossings)
        for event in try harness.events(.analytics) { #expect(event.causationID != nil) }
    }

    /// Pieces by product in the order of the inventory's topic, and where they ran low.
    private struct Stock {
        var available: [String: Int64] = [:]
        var crossings: [String] = []

        init(_ said: [RandomSale.Said]) {
            for event in said {
                switch event.payload {
                case let reserved as V1.StockReserved:
                    take(reserved.lines)
                case let released as V1.StockReleased:
                    for line in released.lines { available[line.productID, default: 0] += line.quantity }
                case let adjusted as V1.StockAdjusted where adjusted.delta < 0:
                    take([StockLine(productID: event.subject, quantity: -adjusted.delta)])
                case let adjusted as V1.StockAdjusted:
                    available[event.subject, default: 0] += adjusted.delta
                default: break
                }
            }
        }

        private mutating func take(_ lines: [StockLine]) {
            let before = available
            for line in lines { available[line.productID, default: 0] -= line.quantity }
            var told: Set<String> = []
            for line in lines where told.insert(line.productID).inserted {
                let now = available[line.productID, default: 0]
                if before[line.productID, default: 0] >= 5, now < 5 { crossings.append("\(line.productID) \(now)") }
            }
        }
    }

    @Test("a refund takes back revenue and pieces, and leaves the time of the first outcome")
    func refund() throws {
        let harness = try ServiceHarness(AnalyticsService.card())
        let order = harness.newOrderID()
        let start = ServiceHarness.start
        try harness.emit(Sample.created(), order: order, on: .orders, at: start)
        try harness.emit(Sample.confirmed(), order: order, on: .orders, at: start + .milliseconds(100))
        try harness.emit(Sample.cancelled(.refunded), order: order, on: .orders, at: start + .seconds(100))
        try harness.runUntilIdle()
        let figures = try harness.node.database.read { try Figures($0) }
        #expect(
            figures.orders == Figures.Orders(pending: 0, confirmed: 0, cancelled: 1, cancelledByReason: ["refunded": 1])
        )
        #expect(figures.revenue == ["GBP": 0])
        #expect(figures.products.allSatisfy { $0.sold == 0 })
        #expect(figures.latencyMilliseconds.orders == 1)
        #expect(try harness.count("SELECT bucket FROM latency") == 26)  // ⌊4·log2(101)⌋
        let row = try #require(try harness.rows("SELECT outcome, reason, outcome_at FROM order_facts").first)
        #expect(row[0] as String? == "cancelled" && row[1] as String? == "refunded")
        #expect(row[2] as Int64? == (start + .seconds(100)).microseconds)
    }

    @Test("a percentile lies in the bucket of the order it names, at most 19 % above it")
    func percentiles() {
        let random = SeededRandomness(seed: 9)
        let times = (0..<5000).map { _ in Int64(random.below(1 << (1 + random.below(20)))) }.sorted()
        let buckets = Dictionary(times.map { (LatencyBucket.of(.milliseconds($0)), Int64(1)) }, uniquingKeysWith: +)
            .map { (bucket: $0.key, orders: $0.value) }
        for fraction in [0.001, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = Double(times[max(0, Int((fraction * 5000).rounded(.up)) - 1)])
            let read = LatencyBucket.percentile(fraction, of: buckets) ?? -1
            #expect(read >= exact && read <= (exact + 1) * 1.1893)
        }
        #expect(LatencyBucket.percentile(0.5, of: []) == nil)
        #expect(LatencyBucket.of(.milliseconds(-5)) == 0)
        #expect([0, 1, 3, 7, 1023].map { LatencyBucket.of(.milliseconds($0)) } == [0, 4, 8, 12, 40])
    }

    @Test("the threshold of low stock is said once a crossing, and is configured")
    func lowStock() throws {
        let harness = try ServiceHarness(AnalyticsService.card(lowStock: LowStock(threshold: 3)))
        func reserve(_ quantity: Int64) throws {
            let lines = [StockLine(productID: "P", quantity: quantity)]
            try harness.emit(
                V1.StockReserved(lines: lines, total: Sample.total, cardToken: "t", expiresAt: ServiceHarness.start),
                order: harness.newOrderID(), on: .inventory)
        }
        try harness.emit(V1.StockAdjusted(delta: 5, reason: .initial, adjustmentKey: "k"), subject: "P", on: .inventory)
        try reserve(2)  // 3 left: not low
        try reserve(1)  // 2 left: low
        try reserve(1)  // said already
        try harness.emit(
            V1.StockAdjusted(delta: 9, reason: .adjustment, adjustmentKey: "l"), subject: "P", on: .inventory)
        try harness.emit(
            V1.StockAdjusted(delta: -10, reason: .adjustment, adjustmentKey: "m"), subject: "P", on: .inventory)
        try harness.runUntilIdle()
        let reports = try harness.payloads(V1.StockRanLow.self, on: .analytics)
        #expect(reports.map(\.payload) == [.init(available: 2, threshold: 3), .init(available: 0, threshold: 3)])
        #expect(reports.allSatisfy { $0.subject == "P" })
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 5))
    }
}

extension ServiceHarness {
    /// The domain without what depends on the random ids of a run.
    fileprivate func figuresOnly() throws -> [String] {
        try domain().filter { !$0.hasPrefix("low_stock_reports") }
    }
}

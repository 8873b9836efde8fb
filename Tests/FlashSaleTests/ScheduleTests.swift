import Testing

@testable import flash_sale

@Suite("When shoppers come and what they buy")
struct ScheduleTests {
    private static func plan(shoppers: Int = 5_000, lines: Int = 1, declineShare: Double = 0) -> SalePlan {
        SalePlan(
            run: "sale-1-42", seed: 42,
            schedule: Schedule(shoppers: shoppers, arrivalNanoseconds: 1_000_000_000, pattern: .even, seed: 42),
            products: 100, maximumLines: lines, declineShare: declineShare)
    }

    @Test(
        "every arrival is fixed before the start, in order and within the window", arguments: Schedule.Pattern.allCases)
    func arrivals(pattern: Schedule.Pattern) {
        let schedule = Schedule(shoppers: 10_000, arrivalNanoseconds: 2_000_000_000, pattern: pattern, seed: 7)
        let offsets = schedule.offsets()
        #expect(offsets.count == 10_000)
        #expect(offsets == offsets.sorted())
        #expect(offsets.allSatisfy { (0..<2_000_000_000).contains($0) })
        #expect(offsets == schedule.offsets())
        let firstHalf = offsets.filter { $0 < 1_000_000_000 }.count
        #expect((4_700...5_300).contains(firstHalf))
    }

    @Test("even arrivals are evenly spaced; random ones are not")
    func spacing() {
        func gaps(_ pattern: Schedule.Pattern) -> Set<Int64> {
            let offsets = Schedule(shoppers: 1_000, arrivalNanoseconds: 1_000_000_000, pattern: pattern, seed: 1)
                .offsets()
            return Set(zip(offsets, offsets.dropFirst()).map { $1 - $0 })
        }
        #expect(gaps(.even) == [1_000_000])
        #expect(gaps(.poisson).count > 900)
    }

    @Test("the workers' shares are the whole sale, each shopper once", arguments: [1, 2, 3, 7])
    func shares(workers: Int) throws {
        let plan = Self.plan(shoppers: 100)
        let whole = SaleVisits(plan: plan, worker: 0, of: 1, port: 8080)
        let expected = try (0..<100).map { try #require(whole.visit($0)).purpose }
        var keys: [String: Visit.Purpose] = [:]
        for worker in 0..<workers {
            let share = SaleVisits(plan: plan, worker: worker, of: workers, port: 8080)
            for visitor in 0..<share.count {
                let purpose = try #require(share.visit(visitor)).purpose
                guard case .order(let key, _, _) = purpose else { continue }
                #expect(keys.updateValue(purpose, forKey: key) == nil)
            }
        }
        #expect(keys.count == 100)
        for (shopper, purpose) in expected.enumerated() { #expect(keys[plan.key(of: shopper)] == purpose) }
    }

    @Test("a basket holds 1 to the most lines, of different products, and is decided by the seed")
    func baskets() {
        let plan = Self.plan(lines: 4)
        let baskets = (0..<2_000).map { Basket(shopper: $0, plan: plan) }
        #expect(baskets.allSatisfy { Set($0.products).count == $0.products.count })
        #expect(Set(baskets.map(\.products.count)) == [1, 2, 3, 4])
        #expect(Set(baskets.flatMap(\.products)) == Set(0..<100))
        #expect(baskets == (0..<2_000).map { Basket(shopper: $0, plan: plan) })
    }

    @Test("the share of declined cards is the one asked for")
    func declines() {
        func declined(_ share: Double) -> Int {
            (0..<5_000).filter { Basket(shopper: $0, plan: Self.plan(declineShare: share)).cardToken != "tok_visa" }
                .count
        }
        #expect(declined(0) == 0)
        #expect(declined(1) == 5_000)
        #expect((850...1_150).contains(declined(0.2)))
    }

    @Test("the request says what the purpose expects")
    func requestMatchesPurpose() throws {
        let plan = Self.plan(lines: 3)
        let catalogue = Catalogue(products: 100, seed: 42)
        let visits = SaleVisits(plan: plan, worker: 0, of: 1, port: 8080)
        for shopper in 0..<50 {
            let visit = try #require(visits.visit(shopper))
            let text = String(decoding: visit.request, as: UTF8.self)
            let basket = Basket(shopper: shopper, plan: plan)
            let total = basket.products.reduce(Int64(0)) { $0 + catalogue.products[$1].price }
            #expect(visit.purpose == .order(key: plan.key(of: shopper), total: total, currency: "GBP"))
            #expect(text.contains("\r\nIdempotency-Key: sale-1-42-000000\(String(shopper).leftPadded(to: 2))\r\n"))
            for product in basket.products { #expect(text.contains("\"\(catalogue.products[product].id)\"")) }
        }
    }

    @Test("stock is spread evenly to the last unit", arguments: [0, 1, 99, 1_000, 10_007])
    func stock(total: Int) {
        let units = Stock.units(total).spread(over: 100, shoppers: 50_000)
        #expect(units.reduce(0, +) == total)
        #expect((units.max() ?? 0) - (units.min() ?? 0) <= 1)
        #expect(Stock.all.spread(over: 3, shoppers: 50) == [50, 50, 50])
    }

    @Test("a key leads back to its shopper, and only in its own run")
    func keys() {
        let plan = Self.plan()
        for shopper in [0, 1, 4_999] { #expect(plan.shopper(of: plan.key(of: shopper)) == shopper) }
        #expect(plan.shopper(of: "sale-1-42-00005000") == nil)
        #expect(plan.shopper(of: "sale-2-42-00000001") == nil)
        #expect(plan.shopper(of: "sale-1-42-") == nil)
    }

    @Test(
        "times are read with their unit",
        arguments: [("1s", 1_000_000_000), ("500ms", 500_000_000), ("1.5m", 90_000_000_000)])
    func timeSpans(text: String, nanoseconds: Int64) {
        #expect(TimeSpan(text)?.nanoseconds == nanoseconds)
    }

    @Test("what is no time is refused", arguments: ["", "1", "s", "-1s", "1e3s", "nans", "99999h", "1 s"])
    func noTimeSpans(text: String) {
        #expect(TimeSpan(text) == nil)
    }
}

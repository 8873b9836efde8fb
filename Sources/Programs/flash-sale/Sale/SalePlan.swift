/// Everything that decides a sale, so that each worker can work out its shoppers alone.
struct SalePlan: Codable, Sendable, Equatable {
    /// Names the run in idempotency keys and journals; a second run on the same data is other shoppers.
    var run: String
    var seed: UInt64
    var schedule: Schedule
    var products: Int
    var maximumLines: Int
    /// Share of shoppers whose card is declined, 0 to 1.
    var declineShare: Double

    var shoppers: Int { schedule.shoppers }

    /// The idempotency key of one shopper, `<run>-<8 digits>`.
    func key(of shopper: Int) -> String {
        "\(run)-" + String(shopper).leftPadded(to: 8)
    }

    /// The shopper behind a key of this run; nil for another run's.
    func shopper(of key: some StringProtocol) -> Int? {
        guard key.count > run.count + 8, key.hasPrefix("\(run)-"), let number = Int(key.dropFirst(run.count + 1)),
            (0..<shoppers).contains(number)
        else { return nil }
        return number
    }
}

/// What one shopper of a sale buys, and with which card.
struct Basket: Sendable, Equatable {
    var products: [Int]
    var cardToken: String

    init(shopper: Int, plan: SalePlan) {
        var random = SplitMix64(seed: plan.seed, stream: 3, index: shopper)
        let lines = plan.maximumLines > 1 ? 1 + random.below(min(plan.maximumLines, plan.products)) : 1
        products = [random.below(plan.products)]
        while products.count < lines {
            let product = random.below(plan.products)
            if !products.contains(product) { products.append(product) }
        }
        let declined = plan.declineShare > 0 && random.unit() < plan.declineShare
        cardToken = declined ? "tok_chargeDeclined" : "tok_visa"
    }
}

import ArgumentParser

/// When each shopper means to send: fixed before the start, whatever the shop does then.
///
/// - Why: a generator that waits for answers before it sends more hides exactly the pauses that matter
///   (coordinated omission).
struct Schedule: Codable, Sendable, Equatable {
    enum Pattern: String, Codable, Sendable, CaseIterable, ExpressibleByArgument {
        case even, poisson
    }

    var shoppers: Int
    var arrivalNanoseconds: Int64
    var pattern: Pattern
    var seed: UInt64

    /// Nanoseconds after the start, rising, all within the arrival window.
    func offsets() -> [Int64] {
        switch pattern {
        case .even:
            return (0..<shoppers).map { Int64(Double($0) * Double(arrivalNanoseconds) / Double(shoppers)) }
        case .poisson:
            // Given their number, the arrivals of a Poisson process are independent and uniform over the window.
            var random = SplitMix64(seed: seed, stream: 1, index: 0)
            return (0..<shoppers).map { _ in Int64(random.unit() * Double(arrivalNanoseconds)) }.sorted()
        }
    }
}

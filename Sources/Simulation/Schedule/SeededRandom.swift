import Contracts
import Delivery

/// A stream of random numbers that follows from its seed: SplitMix64 (prng.di.unimi.it/splitmix64.c).
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// A stream of its own for each purpose, so that drawing more for one leaves the others as they were.
    package init(seed: UInt64, _ purpose: String, _ number: Int = 0) {
        var mixed = TraceHash()
        mixed.add(seed)
        mixed.add(purpose)
        mixed.add(UInt64(truncatingIfNeeded: number))
        state = mixed.value
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// From 0 up to, not including, `bound`.
    package mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    package mutating func between(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    package mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }

    /// Evenly within milliseconds.
    package mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(between(range.lowerBound * 1000...range.upperBound * 1000))
    }
}

/// The randomness of one simulated process.
///
/// Unchecked: a world runs on one thread.
final class SeededRandomness: Randomness, @unchecked Sendable {
    private var random: SeededRandom

    init(_ random: SeededRandom) {
        self.random = random
    }

    func next() -> UInt64 { random.next() }

    func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

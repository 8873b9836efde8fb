import Synchronization

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"): the same numbers for the same
/// seed.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// From 0 up to, not including, `bound`, which is positive.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// The same for many threads: the randomness that the code under test is given.
package final class SeededRandomness: RandomNumberGenerator, Sendable {
    private let random: Mutex<SeededRandom>

    package init(seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }

    package func next() -> UInt64 { random.withLock { $0.next() } }

    package func below(_ bound: Int) -> Int { random.withLock { $0.below(bound) } }

    package func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    package func chance(_ probability: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < probability }
}

/// A small seeded random generator (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
///
/// - Guarantee: the same seed gives the same sale on every machine and Swift version.
/// - Why: workers agree on who buys what without a word between them.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// An independent generator for one member of a stream, such as shopper 17 of the seed's shoppers.
    init(seed: UInt64, stream: UInt64, index: Int) {
        var mixer = SplitMix64(seed: seed ^ stream &* 0x9E37_79B9_7F4A_7C15)
        state = mixer.next() ^ UInt64(truncatingIfNeeded: index) &* 0xD134_2543_DE82_EF95
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// From 0 up to, not including, `bound`, which is positive; the bias is below `bound` / 2^64.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// From 0 up to, not including, 1.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

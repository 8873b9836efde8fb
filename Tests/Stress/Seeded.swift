import Contracts

/// Numbers that follow from a seed (SplitMix64; Steele, Lea, Flood, 2014).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Bytes that follow from the topic and the number alone, so that a reader knows what it must find.
enum NumberedEvent {
    /// In bytes.
    private static let sizes = 20...400

    static func bytes(_ number: UInt64, of topic: Topic) -> [UInt8] {
        var random = Seeded(topic.name.utf8.reduce(number) { $0 &* 31 &+ UInt64($1) })
        let head = Array("\(topic) \(number) ".utf8)
        let rest = Int.random(in: Self.sizes, using: &random)
        return head + [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: rest)
    }

    static func bytes(_ numbers: Range<UInt64>, of topic: Topic) -> [[UInt8]] {
        numbers.map { bytes($0, of: topic) }
    }
}

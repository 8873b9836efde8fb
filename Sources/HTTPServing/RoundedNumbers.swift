/// Where a text has numbers that a decoder would round to an integer: `0.99999999999999999999`, `9007199254740993.0`.
///
/// Such a number is valid JSON, so a field that is ignored may hold one; a decoder checks here before it reads a number.
package struct RoundedNumbers: Sendable {
    private var places: Set<UInt64> = []

    package init() {}

    package var isEmpty: Bool { places.isEmpty }

    /// Whether the value at this path of a decoder is one of them.
    package func contains(_ path: [any CodingKey]) -> Bool {
        guard !places.isEmpty else { return false }
        var place = PathHash()
        for key in path {
            if let index = key.intValue {
                place.add(element: index)
            } else {
                place.add(member: NameHash(of: key.stringValue).value)
            }
        }
        return places.contains(place.value)
    }

    mutating func insert(_ place: PathHash) { places.insert(place.value) }
}

/// FNV-1a (Fowler, Noll, Vo) over the bytes of a member's name.
struct NameHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    init() {}

    init(of name: String) {
        for byte in name.utf8 { add(byte) }
    }

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}

/// A place within a text, as one number.
struct PathHash {
    private(set) var value: UInt64 = 0

    mutating func add(element index: Int) { add(UInt64(truncatingIfNeeded: index) << 1) }

    mutating func add(member hash: UInt64) { add(hash << 1 | 1) }

    private mutating func add(_ part: UInt64) {
        value = (value ^ part) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 29
    }
}

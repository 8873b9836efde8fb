/// A 16-byte id that sorts by time: a UUIDv7 where something begins, a UUIDv8 where it is derived from a cause.
///
/// Shape: the first 48 bits are milliseconds since 1970, big-endian. Text: lower-case UUID. In databases: a 16-byte blob.
///
/// - Why time-ordered: random keys made the databases write twenty times as much an order (docs/decisions/0002-time-ordered-ids.md).
package struct Identifier<Owner>: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Milliseconds since 1970 of the making, or of the cause where the id is derived.
    package var milliseconds: UInt64 { high >> 16 }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The same 16 bytes as the id of something else: the correlation id of a checkout is its order's id.
    package func rebound<Other>(to _: Other.Type = Other.self) -> Identifier<Other> {
        Identifier<Other>(high: high, low: low)
    }
}

package enum EventOwner {}
package enum OrderOwner {}
package enum CorrelationOwner {}

package typealias EventID = Identifier<EventOwner>
package typealias OrderID = Identifier<OrderOwner>
package typealias CorrelationID = Identifier<CorrelationOwner>

// MARK: - Bytes

extension Identifier {
    package static var byteCount: Int { 16 }

    /// Sixteen bytes, big-endian, as stored and sent.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: high.bigEndian, as: UInt64.self)
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            count = 16
        }
    }

    /// Nil unless there are exactly sixteen bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        let words = bytes.withContiguousStorageIfAvailable { buffer in
            let raw = UnsafeRawBufferPointer(buffer)
            return (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        guard let (high, low) = words else {
            self.init(bytes: Array(bytes))
            return
        }
        self.init(high: high, low: low)
    }
}

// MARK: - Text

extension Identifier: CustomStringConvertible, LosslessStringConvertible {
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var index = 0
            func put(_ byte: UInt8) {
                buffer[index] = byte
                index += 1
            }
            for position in 0..<16 {
                if position == 4 || position == 6 || position == 8 || position == 10 { put(UInt8(ascii: "-")) }
                let word = position < 8 ? high : low
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (position % 8)))
                put(Self.hexDigit(byte >> 4))
                put(Self.hexDigit(byte & 15))
            }
            return index
        }
    }

    /// Reads the usual text form, in either case; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var index = 0
        for byte in text.utf8 {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let value = Self.hexValue(byte) else { return nil }
                if digits < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
                digits += 1
            }
            index += 1
            if index > 36 { return nil }
        }
        guard index == 36, digits == 32 else { return nil }
        self.init(high: words.0, low: words.1)
    }

    package init?(_ description: String) {
        self.init(description[...])
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a UUID")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

// MARK: - Making

extension Identifier {
    /// A UUIDv7 (RFC 9562 §5.7) from a time and 74 random bits.
    package static func version7(at time: Timestamp, randomBits: (UInt64, UInt64)) -> Self {
        let milliseconds = UInt64(max(0, time.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        return Self(
            high: milliseconds << 16 | 0x7000 | randomBits.0 & 0x0FFF,
            low: 0x8000_0000_0000_0000 | randomBits.1 & 0x3FFF_FFFF_FFFF_FFFF)
    }

    /// Not above any id of that millisecond or a later one, and above all earlier ones.
    package static func lowest(at time: Timestamp) -> Self {
        Self(high: (UInt64(max(0, time.microseconds / 1000)) & 0xFFFF_FFFF_FFFF) << 16, low: 0)
    }

    /// A UUIDv8 (RFC 9562 §5.8): the millisecond of the cause, the rest from a digest of what it is derived from.
    package static func version8(milliseconds: UInt64, digest: some Sequence<UInt8>) -> Self {
        var bytes = digest.makeIterator()
        func word() -> UInt64 {
            (0..<8).reduce(0) { word, _ in word << 8 | UInt64(bytes.next() ?? 0) }
        }
        let first = word()
        let second = word()
        return Self(
            high: (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x8000 | first & 0x0FFF,
            low: 0x8000_0000_0000_0000 | second & 0x3FFF_FFFF_FFFF_FFFF)
    }
}

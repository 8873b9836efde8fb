import Foundation

/// An event of 500 bytes that knows its place: its number, when it was due, filling, its number again.
///
/// The bytes are those of `make_event` in `common/bench.c`.
enum NumberedEvent {
    static let bytes = 500
    private static let dueOffset = 8
    private static let secondNumberOffset = bytes - 8

    /// Bytes that do not compress (xorshift64).
    private static let filling: [UInt8] = {
        var random: UInt64 = 88_172_645_463_325_252
        return (0..<bytes).map { _ in
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return UInt8(truncatingIfNeeded: random | 1)
        }
    }()

    static func make(_ number: UInt64, due: UInt64 = 0) -> [UInt8] {
        var event = filling
        event.withUnsafeMutableBytes { event in
            event.storeBytes(of: number, as: UInt64.self)
            event.storeBytes(of: due, toByteOffset: dueOffset, as: UInt64.self)
            event.storeBytes(of: number, toByteOffset: secondNumberOffset, as: UInt64.self)
        }
        return event
    }

    static func make(_ numbers: Range<UInt64>) -> [[UInt8]] {
        numbers.map { make($0) }
    }

    /// Whether these are the bytes of that event.
    static func check(_ event: some ContiguousBytes, is number: UInt64) throws(WrongEvent) {
        let isRight = event.withUnsafeBytes { event in
            event.count == bytes && event.loadUnaligned(as: UInt64.self) == number
                && event.loadUnaligned(fromByteOffset: secondNumberOffset, as: UInt64.self) == number
        }
        guard isRight else { throw WrongEvent(number: number) }
    }

    /// When the event was due.
    static func due(_ event: some ContiguousBytes) -> UInt64 {
        event.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: dueOffset, as: UInt64.self) }
    }

    struct WrongEvent: Error, CustomStringConvertible {
        let number: UInt64
        var description: String { "the event at offset \(number) is not the one that was appended there" }
    }
}

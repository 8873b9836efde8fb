import Contracts
import Crypto

/// The ids that follow from a cause or a command, computed anew (docs/reference/event-fields.md, "Derived ids").
enum Derivation {
    /// Events of one type that one cause leads to at most, unless a line each may lead to one.
    private static let usualOrdinals = 4
    /// Lines of an order at most.
    private static let linesOrdinals = 4096

    /// Whether an id is that of the first, second, … event of a type that a service makes of a cause.
    static func isEffect(_ id: EventID, of cause: EventID, by service: ServiceName, _ kind: EventKind) -> Bool {
        guard id.milliseconds == cause.milliseconds & 0xFFFF_FFFF_FFFF else { return false }
        let limit = kind == .stockRanLow ? linesOrdinals : usualOrdinals
        return (0..<limit).contains { id == effect(of: cause, by: service, kind.type, ordinal: $0) }
    }

    static func effect(of cause: EventID, by service: ServiceName, _ type: String, ordinal: Int) -> EventID {
        derive(cause.milliseconds, "event", cause.bytes, "\(service.rawValue) \(type) \(ordinal)")
    }

    /// - Parameter time: of the command, in microseconds since 1970.
    static func command(_ key: String, at time: Int64, by service: ServiceName, _ type: String, ordinal: Int) -> EventID
    {
        derive(milliseconds(time), "command", Array(key.utf8), "\(service.rawValue) \(type) \(ordinal)")
    }

    /// Whole milliseconds since 1970.
    static func milliseconds(_ time: Int64) -> UInt64 { UInt64(max(0, time / 1000)) & 0xFFFF_FFFF_FFFF }

    private static func derive(_ milliseconds: UInt64, _ origin: String, _ bytes: [UInt8], _ text: String) -> EventID {
        var sha = SHA256()
        sha.update(data: Array("\(origin) \(bytes.count) ".utf8))
        sha.update(data: bytes)
        sha.update(data: Array(text.utf8))
        var words: [UInt64] = [0, 0]
        for (index, byte) in sha.finalize().prefix(16).enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        // A UUIDv8 (RFC 9562 §5.8).
        return EventID(
            high: (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x8000 | words[0] & 0x0FFF,
            low: 0x8000_0000_0000_0000 | words[1] & 0x3FFF_FFFF_FFFF_FFFF)
    }

    // MARK: - Trace context

    /// The trace context of what a service makes of an event: that of the cause, with the span in which it was handled if
    /// the trace is recorded.
    static func trace(after cause: EventID, _ context: TraceContext?, handledBy service: ServiceName) -> TraceContext? {
        guard let context, context.isSampled else { return context }
        return context.at(span(cause.low, service.rawValue))
    }

    /// The trace context of a letter's announcement: the attempt that failed.
    static func trace(ofAttempt number: Int64, on event: EventID, _ context: TraceContext?, by service: ServiceName)
        -> TraceContext?
    {
        context?.at(span(event.low, "\(service.rawValue) \(number)"))
    }

    /// The trace context of what is said later of a letter: its event's sending.
    static func trace(ofSending event: EventID, _ context: TraceContext?) -> TraceContext? { context?.at(event.low) }

    /// FNV-1a of the text over the word, finished as SplitMix64 is.
    private static func span(_ word: UInt64, _ text: String) -> UInt64 {
        var hash = 0xCBF2_9CE4_8422_2325 ^ word
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}

/// A place in a trace: which trace, which span of it, and whether the trace is recorded.
///
/// Text: `traceparent` of W3C Trace Context, version 00 (www.w3.org/TR/trace-context, §3.2):
/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
package struct TraceContext: Hashable, Sendable {
    /// Sixteen bytes in two words; never zero.
    package let trace: TraceID
    /// Never zero.
    package let span: UInt64
    package let isSampled: Bool

    /// A span id of zero, which names none, becomes 1.
    package init(trace: TraceID, span: UInt64, isSampled: Bool) {
        self.trace = trace
        self.span = span == 0 ? 1 : span
        self.isSampled = isSampled
    }

    /// Another span of the same trace.
    package func at(_ span: UInt64) -> TraceContext {
        TraceContext(trace: trace, span: span, isSampled: isSampled)
    }

    /// Characters of a `traceparent` of version 00.
    package static let textLength = 55
    private static let sampledFlag: UInt64 = 1
}

/// The id of a trace: 16 bytes, shown as 32 hexadecimal digits.
package struct TraceID: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    /// An id of zero, which names none, becomes 1.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = high == 0 && low == 0 ? 1 : low
    }

    package var description: String { HexText.of(high) + HexText.of(low) }
}

// MARK: - Text

extension TraceContext: CustomStringConvertible {
    package var description: String {
        "00-\(trace)-\(HexText.of(span))-\(isSampled ? "01" : "00")"
    }

    /// Reads the text form; nil where the standard says to go on as if there were none. Of a version to come, what version
    /// 00 knows is read.
    package init?(_ traceparent: String) {
        let text = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard text.count >= Self.textLength, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = HexText.word(text[0..<2]), version != 0xFF,
            text.count == Self.textLength || (version > 0 && text[Self.textLength] == dash),
            let high = HexText.word(text[3..<19]), let low = HexText.word(text[19..<35]), high != 0 || low != 0,
            let span = HexText.word(text[36..<52]), span != 0,
            let flags = HexText.word(text[53..<55])
        else { return nil }
        self.init(
            trace: TraceID(high: high, low: low), span: span, isSampled: flags & Self.sampledFlag != 0)
    }

    /// What the text says of the sampled flag, without reading the rest: for events that nobody records.
    package static func isSampled(_ traceparent: String) -> Bool {
        traceparent.utf8.last.map(isSampled(flags:)) ?? false
    }

    /// - Parameter digit: the last one of the text.
    static func isSampled(flags digit: UInt8) -> Bool {
        (HexText.value(digit) ?? 0) & sampledFlag != 0
    }
}

/// Words as sixteen lower-case hexadecimal digits.
package enum HexText {
    package static func of(_ word: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index)) & 15
                buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 16
        }
    }

    /// At most sixteen digits; nil for anything but lower-case ones.
    static func word(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var word: UInt64 = 0
        for digit in digits {
            guard let value = value(digit) else { return nil }
            word = word << 4 | value
        }
        return word
    }

    static func value(_ digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}

/// A number with a fraction or an exponent, as it is written.
struct DecimalText {
    private let text: Slice<UnsafeRawBufferPointer>
    /// Digits from the first to the last that is not 0; 0 for zero.
    private var significant = 0
    /// The value is a whole number of these many digits, times a power of ten.
    private var exponent = 0

    /// - Parameter text: a number of JSON's grammar.
    init(_ text: Slice<UnsafeRawBufferPointer>) {
        self.text = text
        var trailingZeros = 0
        var fraction = 0
        var isInFraction = false
        var iterator = text.makeIterator()
        var written = 0
        loop: while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "."): isInFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if isInFraction { fraction += 1 }
                if byte == UInt8(ascii: "0") {
                    trailingZeros += 1
                } else {
                    significant = significant == 0 ? 1 : significant + trailingZeros + 1
                    trailingZeros = 0
                }
            case UInt8(ascii: "e"), UInt8(ascii: "E"): break loop
            default: break
            }
        }
        var isNegative = false
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "-") { isNegative = true }
            if byte >= UInt8(ascii: "0") { written = min(written * 10 + Int(byte - UInt8(ascii: "0")), 1 << 40) }
        }
        exponent = (isNegative ? -written : written) - fraction + trailingZeros
    }

    /// Whether its nearest `Double` is a whole number that it is not.
    ///
    /// Two numbers of at most 15 digits are never the same `Double` (IEEE 754 binary64), so few are looked at twice.
    var isRoundedToInteger: Bool {
        guard significant > 0 else { return false }
        let isWhole = exponent >= 0
        if significant <= 15, exponent > -300, !isWhole || significant + exponent <= 15 { return false }
        guard let double = Double(String(decoding: text, as: UTF8.self)), double.isFinite else { return false }
        guard isWhole else { return double.rounded() == double }
        // A whole number: of 64 bits at most, it must be the one that the double is.
        guard let magnitude = UInt64(exactly: double.magnitude) else { return false }
        return String(magnitude) != wholeDigits
    }

    /// The digits of a whole number of at most 20.
    private var wholeDigits: String {
        var digits = ""
        for byte in text {
            if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") { break }
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), byte != UInt8(ascii: "0") || !digits.isEmpty {
                digits.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return digits.prefix(significant) + String(repeating: "0", count: min(exponent, 20))
    }
}

/// Numbers as a command line writes them: decimal digits, with a point where a fraction is taken.
package enum NumberText {
    /// A whole number, `-5` if the bounds reach below 0.
    package static func whole<Value: FixedWidthInteger>(_ text: String, within bounds: ClosedRange<Value>) -> Value? {
        guard isDecimal(text.utf8.drop { $0 == UInt8(ascii: "-") && bounds.lowerBound < 0 }, allowsFraction: false),
            let value = Value(text), bounds.contains(value)
        else { return nil }
        return value
    }

    /// A number such as `2.5` or `0.001`.
    package static func fractional(_ text: String, within bounds: ClosedRange<Double>) -> Double? {
        guard isDecimal(text.utf8[...], allowsFraction: true), let value = Double(text), bounds.contains(value) else {
            return nil
        }
        return value
    }

    private static func isDecimal(_ digits: Substring.UTF8View, allowsFraction: Bool) -> Bool {
        !digits.isEmpty
            && digits.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || allowsFraction && $0 == UInt8(ascii: ".")
            }
    }

    /// `1 to 5,000,000`
    package static func described<Value: FixedWidthInteger>(_ bounds: ClosedRange<Value>) -> String {
        "\(grouped("\(bounds.lowerBound)")) to \(grouped("\(bounds.upperBound)"))"
    }

    package static func described(_ bounds: ClosedRange<Double>) -> String {
        "\(short(bounds.lowerBound)) to \(short(bounds.upperBound))"
    }

    private static func short(_ number: Double) -> String {
        Int64(exactly: number).map { grouped("\($0)") } ?? "\(number)"
    }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (index, character) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0, text.last != "-" { text.append(",") }
            text.append(character)
        }
        return text
    }
}

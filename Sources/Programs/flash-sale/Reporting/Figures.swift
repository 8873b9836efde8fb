import Contracts

/// Numbers as people read them.
enum Figures {
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// With `decimals` places, rounded half up; for figures to read, not to calculate with.
    static func fixed(_ number: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { value, _ in value * 10 }
        guard number.isFinite, number.magnitude * scale < 9e15 else { return "?" }
        let scaled = Int((number * scale).rounded())
        let digits = String(scaled.magnitude).leftPadded(to: decimals + 1)
        let whole = Int(digits.dropLast(decimals)).map(grouped) ?? "?"
        let sign = scaled < 0 ? "-" : ""
        return decimals == 0 ? sign + whole : "\(sign)\(whole).\(digits.suffix(decimals))"
    }

    /// Whether so many decimals say all of it.
    static func isRound(_ number: Double, _ decimals: Int) -> Bool {
        let scaled = (0..<decimals).reduce(number) { value, _ in value * 10 }
        return (scaled - scaled.rounded()).magnitude < 1e-6
    }

    static func seconds(_ seconds: Double) -> String { fixed(seconds, 1) + " s" }

    static func milliseconds(_ milliseconds: Double) -> String {
        fixed(milliseconds, milliseconds < 100 ? 1 : 0)
    }

    static func megabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1_000_000, 1) + " MB" }

    /// Pence as pounds.
    static func pounds(_ pence: Int64) -> String {
        let parts = Currency.decimal(pence, Catalogue.currency).split(separator: ".")
        let whole = parts.first.flatMap { Int($0) } ?? 0
        return (pence < 0 ? "-" : "") + "£" + grouped(abs(whole)) + parts.dropFirst().map { "." + $0 }.joined()
    }
}

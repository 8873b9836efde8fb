import Contracts

/// An amount as customers read it: `19.99 GBP`, `1999 JPY`, `1.999 KWD`.
enum AmountText {
    static func text(_ amount: Int64, _ currency: String) -> String {
        "\(decimal(amount, exponent: exponent(of: currency))) \(currency)"
    }

    /// Digits after the decimal point: ISO 4217, column "minor unit". Those not listed have two.
    static func exponent(of currency: String) -> Int {
        switch currency {
        case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF",
            "XPF":
            0
        case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
        case "CLF", "UYW": 4
        default: 2
        }
    }

    private static func decimal(_ amount: Int64, exponent: Int) -> String {
        let sign = amount < 0 ? "-" : ""
        let digits = String(amount.magnitude)
        guard exponent > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, exponent + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(exponent)).\(padded.suffix(exponent))"
    }
}

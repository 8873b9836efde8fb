/// A price as the file writes it, in pounds, read as an integer number of pence.
///
/// - Why not a floating-point number: 2.55 has none; three times 0.1 is not 0.3, and a cent is a cent.
enum Pence: Equatable, Sendable {
    case exact(Int64)
    /// More decimals than pence have.
    case fractional
    /// No number, or too large a one.
    case malformed

    init(pounds text: some StringProtocol) {
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = parts.first, !whole.isEmpty,
            parts.count == 1 || !parts[1].isEmpty, parts.allSatisfy({ $0.allSatisfy { (48...57).contains($0) } })
        else {
            self = .malformed
            return
        }
        let decimals = parts.count == 2 ? parts[1] : []
        var pence: Int64 = 0
        for digit in whole + (decimals.prefix(2) + [48, 48]).prefix(2) {
            let (product, overflows) = pence.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = product.addingReportingOverflow(Int64(digit - 48))
            guard !overflows, !overflowsToo else {
                self = .malformed
                return
            }
            pence = sum
        }
        if decimals.dropFirst(2).contains(where: { $0 != 48 }) {
            self = .fractional
        } else {
            self = .exact(isNegative ? -pence : pence)
        }
    }
}

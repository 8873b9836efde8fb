import Contracts
import GRDB

/// When few pieces of a product are left.
package struct LowStock: Sendable {
    /// Pieces: fewer than so many is low.
    package let threshold: Int64

    package static let defaultThreshold: Int64 = 5

    package init(threshold: Int64 = Self.defaultThreshold) {
        self.threshold = threshold
    }

    /// Said once when the limit is crossed, not for every piece sold below it.
    package func isCrossed(from before: Int64, to after: Int64) -> Bool {
        before >= threshold && after < threshold
    }

    /// Saturates: more than that is not low.
    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? .min : .max) : sum
    }

    /// What follows for products whose available pieces were just taken away.
    func decide(taken: [StockLine], in db: Database) throws -> [(product: String, report: V1.StockRanLow)] {
        var pieces: [String: Int64] = [:]
        for line in taken { pieces[line.productID] = Self.sum(pieces[line.productID] ?? 0, line.quantity) }
        return try taken.compactMap { line in
            // A product that stands in several lines counts once, where it stands first.
            guard let quantity = pieces.removeValue(forKey: line.productID) else { return nil }
            let after = try FigureStore.available(line.productID, db)
            guard isCrossed(from: Self.sum(after, quantity), to: after) else { return nil }
            return (line.productID, V1.StockRanLow(available: after, threshold: threshold))
        }
    }
}

extension V1 {
    /// Stock of one product came or went, outside of any order. Subject: the product.
    ///
    /// Topic: `inventory`.
    package struct StockAdjusted: EventPayload {
        package static let type = "v1.StockAdjusted"

        /// Pieces; negative where stock went.
        package var delta: Int64
        package var reason: StockAdjustmentReason
        /// The operator's key: one adjustment a key and product.
        package var adjustmentKey: String

        package init(delta: Int64, reason: StockAdjustmentReason, adjustmentKey: String) {
            self.delta = delta
            self.reason = reason
            self.adjustmentKey = adjustmentKey
        }
    }
}

package enum StockAdjustmentReason: String, Codable, CaseIterable, Sendable {
    case initial, adjustment
}

extension V1 {
    /// Few pieces of a product are left. Subject: the product.
    ///
    /// Topic: `analytics`.
    package struct StockRanLow: EventPayload {
        package static let type = "v1.StockRanLow"

        /// Pieces.
        package var available: Int64
        /// Pieces.
        package var threshold: Int64

        package init(available: Int64, threshold: Int64) {
            self.available = available
            self.threshold = threshold
        }
    }
}

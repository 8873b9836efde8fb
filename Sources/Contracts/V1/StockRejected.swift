extension V1 {
    /// At least one line cannot be had; nothing is set aside.
    ///
    /// Topic: `inventory`.
    package struct StockRejected: EventPayload {
        package static let type = "v1.StockRejected"

        package var shortages: [Shortage]

        package init(shortages: [Shortage]) {
            self.shortages = shortages
        }
    }
}

/// A line that could not be had.
package struct Shortage: Codable, Hashable, Sendable {
    package var productID: String
    package var requested: Int64
    package var available: Int64

    package init(productID: String, requested: Int64, available: Int64) {
        self.productID = productID
        self.requested = requested
        self.available = available
    }
}

extension V1 {
    /// Every line of the order is set aside until `expiresAt`.
    ///
    /// Topic: `inventory`.
    package struct StockReserved: EventPayload {
        package static let type = "v1.StockReserved"

        package var lines: [StockLine]
        package var total: Money
        package var cardToken: String
        /// Payment starts no charge after this.
        package var expiresAt: Timestamp

        package init(lines: [StockLine], total: Money, cardToken: String, expiresAt: Timestamp) {
            self.lines = lines
            self.total = total
            self.cardToken = cardToken
            self.expiresAt = expiresAt
        }
    }
}

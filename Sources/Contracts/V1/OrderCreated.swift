extension V1 {
    /// An order was placed; prices and total are fixed from here on.
    ///
    /// Topic: `orders`.
    package struct OrderCreated: EventPayload {
        package static let type = "v1.OrderCreated"

        package var customerID: String
        package var email: String
        package var lines: [OrderLine]
        package var total: Money
        /// What the gateway gave for the card; never the card.
        package var cardToken: String
        /// The checkout's key: one order a key, for ever.
        package var idempotencyKey: String
        /// SHA-256 of the request's body, hex: the same key with another body is refused.
        package var bodyHash: String

        package init(
            customerID: String, email: String, lines: [OrderLine], total: Money, cardToken: String,
            idempotencyKey: String, bodyHash: String
        ) {
            self.customerID = customerID
            self.email = email
            self.lines = lines
            self.total = total
            self.cardToken = cardToken
            self.idempotencyKey = idempotencyKey
            self.bodyHash = bodyHash
        }
    }
}

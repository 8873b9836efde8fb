extension V1 {
    /// What was charged was paid back, once.
    ///
    /// Topic: `payments`.
    package struct PaymentRefunded: EventPayload {
        package static let type = "v1.PaymentRefunded"

        package var amount: Money
        package var paymentIntent: String
        /// The gateway's id of the refund.
        package var refund: String

        package init(amount: Money, paymentIntent: String, refund: String) {
            self.amount = amount
            self.paymentIntent = paymentIntent
            self.refund = refund
        }
    }
}

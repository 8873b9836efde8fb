extension V1 {
    /// The card was charged, once.
    ///
    /// Topic: `payments`.
    package struct PaymentSucceeded: EventPayload {
        package static let type = "v1.PaymentSucceeded"

        package var amount: Money
        /// The gateway's id of the capture.
        package var paymentIntent: String

        package init(amount: Money, paymentIntent: String) {
            self.amount = amount
            self.paymentIntent = paymentIntent
        }
    }
}

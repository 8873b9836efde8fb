extension V1 {
    /// The card was not charged and will not be.
    ///
    /// Topic: `payments`.
    package struct PaymentFailed: EventPayload {
        package static let type = "v1.PaymentFailed"

        package var reason: PaymentFailureReason
        /// What the card's bank said, where it declined.
        package var declineCode: String?

        package init(reason: PaymentFailureReason, declineCode: String?) {
            self.reason = reason
            self.declineCode = declineCode
        }
    }
}

package enum PaymentFailureReason: String, Codable, CaseIterable, Sendable {
    case declined, expired, cancelledByCustomer, abandoned
}

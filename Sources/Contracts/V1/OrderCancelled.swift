extension V1 {
    /// The order ended without being paid for, or was paid back.
    ///
    /// Topic: `orders`.
    package struct OrderCancelled: EventPayload {
        package static let type = "v1.OrderCancelled"

        package var reason: CancellationReason
        package var customerID: String
        package var email: String
        package var lines: [OrderLine]
        package var total: Money

        package init(reason: CancellationReason, customerID: String, email: String, lines: [OrderLine], total: Money) {
            self.reason = reason
            self.customerID = customerID
            self.email = email
            self.lines = lines
            self.total = total
        }
    }
}

/// Why an order was cancelled.
package enum CancellationReason: String, Codable, CaseIterable, Sendable {
    case soldOut, paymentDeclined, paymentExpired, cancelledByCustomer, abandoned, refunded
}

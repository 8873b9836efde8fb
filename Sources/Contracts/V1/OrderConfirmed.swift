extension V1 {
    /// The order is paid for.
    ///
    /// Topic: `orders`.
    package struct OrderConfirmed: EventPayload {
        package static let type = "v1.OrderConfirmed"

        package var customerID: String
        package var email: String
        package var lines: [OrderLine]
        package var total: Money

        package init(customerID: String, email: String, lines: [OrderLine], total: Money) {
            self.customerID = customerID
            self.email = email
            self.lines = lines
            self.total = total
        }
    }
}

extension V1 {
    /// The customer asked for the order to be cancelled; what comes of it is Payment's to say.
    ///
    /// Topic: `orders`.
    package struct OrderCancellationRequested: EventPayload {
        package static let type = "v1.OrderCancellationRequested"

        package init() {}
    }
}

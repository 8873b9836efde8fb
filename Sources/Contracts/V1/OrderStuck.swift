extension V1 {
    /// An order has no outcome past the limit.
    ///
    /// Topic: `analytics`.
    package struct OrderStuck: EventPayload {
        package static let type = "v1.OrderStuck"

        /// The service and event it waits for, such as `payment: PaymentSucceeded or PaymentFailed`.
        package var waitsFor: String
        /// When the order last moved.
        package var since: Timestamp
        /// How often this order was reported, this time included.
        package var count: Int64

        package init(waitsFor: String, since: Timestamp, count: Int64) {
            self.waitsFor = waitsFor
            self.since = since
            self.count = count
        }
    }
}

/// The event types that this version knows, topic by topic.
package enum EventTypes {
    package static let all: [String] = [
        V1.OrderCreated.type, V1.OrderCancellationRequested.type, V1.OrderConfirmed.type, V1.OrderCancelled.type,
        V1.StockReserved.type, V1.StockRejected.type, V1.StockReleased.type, V1.StockAdjusted.type,
        V1.PaymentSucceeded.type, V1.PaymentFailed.type, V1.PaymentRefunded.type,
        V1.NotificationSent.type, V1.NotificationFailed.type,
        V1.OrderStuck.type, V1.StockRanLow.type,
        V1.EventDeadLettered.type, V1.DeadLetterRedriven.type, V1.DeadLetterEdited.type, V1.DeadLetterDiscarded.type,
    ]

    /// `v1.OrderCreated` is `OrderCreated`.
    package static func name(_ type: String) -> String {
        type.split(separator: ".", maxSplits: 1).last.map(String.init) ?? type
    }
}

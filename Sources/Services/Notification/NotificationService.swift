import Contracts
package import Delivery

/// Notification: tells the customer what became of the order, once an order and kind.
package enum NotificationService {
    /// Whom alerts are for, unless the configuration says otherwise.
    package static let operatorAddress = "operator@\(Sender.domain)"

    /// - Parameter operatorAddress: whom alerts are for.
    package static func card(operatorAddress: String = NotificationService.operatorAddress) -> ServiceCard {
        ServiceCard(
            name: .notification,
            subscriptions: [
                Subscription(.orders, OnOrderConfirmed()),
                Subscription(.orders, OnOrderCancelled()),
            ]
                // Its own it hears of when they die: no service reads its own dead-letter topic.
                + ServiceName.allCases.filter { $0 != .notification }.map {
                    Subscription($0.deadLetterTopic, OnEventDeadLettered(recipient: operatorAddress))
                },
            facts: [
                OwnFact(NotificationSentFact()),
                OwnFact(NotificationFailedFact()),
            ],
            discards: [
                Discard(V1.OrderConfirmed.self) { event, _, db in try Telling.giveUp(event, .confirmation, db) },
                Discard(V1.OrderCancelled.self) { event, _, db in
                    // The reason may be what cannot be read.
                    let reason = try? V1.OrderCancelled.decoded(from: event.data).reason
                    return try Telling.giveUp(event, reason.map { NotificationKind(of: $0) } ?? .cancellation, db)
                },
            ],
            digest: [
                DigestTable(
                    "notifications", key: ["order_id", "kind"],
                    columns: ["order_id", "kind", "event_id", "message_id", "state", "at"])
            ],
            onDeath: { letter, db in try Alerting.decide(letter, for: operatorAddress, db) },
            createTables: NotificationStore.createTables)
    }
}

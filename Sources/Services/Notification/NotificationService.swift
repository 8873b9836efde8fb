import Contracts
package import Delivery

/// Notification: tells the customer what became of the order, once an order and kind.
package enum NotificationService {
    package static func card() -> ServiceCard {
        ServiceCard(
            name: .notification,
            subscriptions: [
                Subscription(.orders, OnOrderConfirmed()),
                Subscription(.orders, OnOrderCancelled()),
            ],
            facts: [
                OwnFact(NotificationSentFact()),
                OwnFact(NotificationFailedFact()),
            ],
            digest: [
                DigestTable(
                    "notifications", key: ["order_id", "kind"],
                    columns: ["order_id", "kind", "event_id", "message_id", "state", "at"])
            ],
            createTables: NotificationStore.createTables)
    }
}

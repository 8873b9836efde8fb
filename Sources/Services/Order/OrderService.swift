import Contracts
package import Delivery

/// Order's card.
package enum OrderService {
    package static func card() -> ServiceCard {
        ServiceCard(
            name: .order,
            subscriptions: [
                Subscription(.inventory, OnStockRejected()),
                Subscription(.payments, OnPaymentSucceeded()),
                Subscription(.payments, OnPaymentFailed()),
                Subscription(.payments, OnPaymentRefunded()),
            ],
            facts: [
                OwnFact(ApplyOrderCreated()),
                OwnFact(ApplyOrderCancellationRequested()),
                OwnFact(ApplyOrderConfirmed()),
                OwnFact(ApplyOrderCancelled()),
            ],
            digest: [OrderStore.digest],
            createTables: OrderStore.createTables)
    }
}

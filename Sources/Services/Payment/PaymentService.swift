import Contracts
package import Delivery

/// Payment's card.
package enum PaymentService {
    /// Calls to the gateway under way at a time.
    package static let defaultConcurrency = 256

    package static func card() -> ServiceCard {
        ServiceCard(
            name: .payment,
            subscriptions: [
                Subscription(.inventory, OnStockReserved()),
                Subscription(.orders, OnOrderCancellationRequested()),
            ],
            facts: [
                OwnFact(ApplyPaymentSucceeded()),
                OwnFact(ApplyPaymentFailed()),
                OwnFact(ApplyPaymentRefunded()),
            ],
            digest: PaymentStore.digest,
            createTables: PaymentStore.createTables)
    }
}

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
            discards: [
                // The order gets an answer, and its stock is for sale again.
                Discard(V1.StockReserved.self) { event, _, db in
                    guard let order = event.orderID, try PaymentStore.isUnanswered(order, db) else { return [] }
                    return [.event(V1.PaymentFailed(reason: .abandoned, declineCode: nil), order: order)]
                }
            ],
            digest: PaymentStore.digest,
            createTables: PaymentStore.createTables)
    }
}

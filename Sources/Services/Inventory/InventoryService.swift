import Contracts
package import Delivery

/// Inventory's card.
package enum InventoryService {
    /// How long a reservation may wait for its charge to begin.
    package static let defaultHold = Duration.seconds(600)

    package static func card(hold: Duration = defaultHold) -> ServiceCard {
        ServiceCard(
            name: .inventory,
            subscriptions: [
                Subscription(.orders, OnOrderCreated(hold: hold)),
                Subscription(.payments, OnPaymentFailed()),
                Subscription(.payments, OnPaymentRefunded()),
            ],
            facts: [
                OwnFact(ApplyStockReserved()),
                OwnFact(ApplyStockRejected()),
                OwnFact(ApplyStockReleased()),
                OwnFact(ApplyStockAdjusted()),
            ],
            discards: [
                // Nothing is set aside, so the order is cancelled.
                Discard(V1.OrderCreated.self) { event, _, db in
                    guard let order = event.orderID, try !InventoryStore.reservationExists(order, db) else {
                        return []
                    }
                    return [.event(V1.StockRejected(shortages: []), order: order)]
                }
            ],
            digest: InventoryStore.digest,
            createTables: InventoryStore.createTables)
    }
}

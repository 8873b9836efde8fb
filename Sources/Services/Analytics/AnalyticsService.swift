import Contracts
package import Delivery

/// Analytics: counts what all others say, and reports orders that are stuck and products that run low.
package enum AnalyticsService {
    package static func card(lowStock: LowStock = LowStock()) -> ServiceCard {
        ServiceCard(
            name: .analytics,
            subscriptions: [
                Subscription(.orders, OnOrderCreated()),
                Subscription(.orders, OnOrderCancellationRequested()),
                Subscription(.orders, OnOrderConfirmed()),
                Subscription(.orders, OnOrderCancelled()),
                Subscription(.inventory, OnStockReserved(lowStock: lowStock)),
                Subscription(.inventory, OnStockRejected()),
                Subscription(.inventory, OnStockReleased()),
                Subscription(.inventory, OnStockAdjusted(lowStock: lowStock)),
                Subscription(.payments, OnPaymentSucceeded()),
                Subscription(.payments, OnPaymentFailed()),
                Subscription(.payments, OnPaymentRefunded()),
                Subscription(.notifications, OnNotificationSent()),
                Subscription(.notifications, OnNotificationFailed()),
            ],
            facts: [
                OwnFact(OrderStuckFact()),
                OwnFact(StockRanLowFact()),
            ],
            digest: AnalyticsTables.digest,
            createTables: AnalyticsTables.create)
    }
}

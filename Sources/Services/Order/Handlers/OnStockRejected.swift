import Contracts
import Delivery
import GRDB

/// A line of the order cannot be had: the order is cancelled.
struct OnStockRejected: EventHandler {
    func decide(_ event: Delivered<V1.StockRejected>, in db: Database) throws -> [Outgoing] {
        try OrderDecision.decide(event, .stockRejected, cancelled: .soldOut, in: db)
    }
}

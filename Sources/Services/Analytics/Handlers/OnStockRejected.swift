import Contracts
import Delivery
import GRDB

/// Something was sold out.
struct OnStockRejected: EventHandler {
    func apply(_ event: Delivered<V1.StockRejected>, in db: Database) throws {
        try FigureStore.count(V1.StockRejected.type, db)
        try OrderFactStore.saw(.rejected, event.orderID, at: event.time, db)
    }

    func decide(_ event: Delivered<V1.StockRejected>, in db: Database) throws -> [Outgoing] { [] }
}

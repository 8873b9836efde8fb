import Contracts
import Delivery
import GRDB

/// Pieces that were set aside are for sale again.
struct OnStockReleased: EventHandler {
    func apply(_ event: Delivered<V1.StockReleased>, in db: Database) throws {
        try FigureStore.count(V1.StockReleased.type, db)
        try OrderFactStore.saw(.released, event.orderID, at: event.time, db)
        for line in event.payload.lines { try FigureStore.move(line.productID, available: line.quantity, db) }
    }

    func decide(_ event: Delivered<V1.StockReleased>, in db: Database) throws -> [Outgoing] { [] }
}

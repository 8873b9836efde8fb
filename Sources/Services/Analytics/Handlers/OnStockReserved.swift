import Contracts
import Delivery
import GRDB

/// Pieces were set aside: fewer are available, perhaps few.
struct OnStockReserved: EventHandler {
    let lowStock: LowStock

    func apply(_ event: Delivered<V1.StockReserved>, in db: Database) throws {
        try FigureStore.count(V1.StockReserved.type, db)
        try OrderFactStore.saw(.reserved, event.orderID, at: event.time, db)
        for line in event.payload.lines {
            try FigureStore.move(line.productID, available: FigureStore.negated(line.quantity), db)
        }
    }

    func decide(_ event: Delivered<V1.StockReserved>, in db: Database) throws -> [Outgoing] {
        try lowStock.decide(taken: event.payload.lines, in: db).map { .event($0.report, subject: $0.product) }
    }
}

import Contracts
import Delivery
import GRDB

/// Stock came or went outside of any order.
struct OnStockAdjusted: EventHandler {
    let lowStock: LowStock

    func apply(_ event: Delivered<V1.StockAdjusted>, in db: Database) throws {
        try FigureStore.count(V1.StockAdjusted.type, db)
        try FigureStore.move(event.envelope.subject, available: event.payload.delta, db)
    }

    func decide(_ event: Delivered<V1.StockAdjusted>, in db: Database) throws -> [Outgoing] {
        guard event.payload.delta < 0 else { return [] }
        let taken = StockLine(productID: event.envelope.subject, quantity: try FigureStore.negated(event.payload.delta))
        return try lowStock.decide(taken: [taken], in: db).map { .event($0.report, subject: $0.product) }
    }
}

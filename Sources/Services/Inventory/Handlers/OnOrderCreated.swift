import Contracts
import Delivery
import GRDB

/// Sets stock aside for an order: all lines or none.
///
/// *Guarantee*: never more than there is, once an order. Check and fact are one transaction of the only writer. *If
/// broken*: two shoppers buy the last piece.
struct OnOrderCreated: EventHandler {
    let hold: Duration

    func decide(_ event: Delivered<V1.OrderCreated>, in db: Database) throws -> [Outgoing] {
        let order = try event.orderID
        if try InventoryStore.reservationExists(order, db) { return [] }
        let demand = try Stock.demand(event.payload.lines)
        var available: [String: Int64] = [:]
        for line in demand { available[line.productID] = try InventoryStore.available(line.productID, db) ?? 0 }

        let shortages = Stock.shortages(demand, available: available)
        guard shortages.isEmpty else { return [.event(V1.StockRejected(shortages: shortages), order: order)] }
        let reserved = V1.StockReserved(
            lines: demand, total: event.payload.total, cardToken: event.payload.cardToken,
            expiresAt: event.recordedAt + hold)
        return [.event(reserved, order: order)]
    }
}

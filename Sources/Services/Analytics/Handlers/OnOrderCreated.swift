import Contracts
import Delivery
import GRDB

/// An order began: it is pending until its outcome.
struct OnOrderCreated: EventHandler {
    func apply(_ event: Delivered<V1.OrderCreated>, in db: Database) throws {
        try FigureStore.count(V1.OrderCreated.type, db)
        try OrderFactStore.created(event.orderID, total: event.payload.total, at: event.time, db)
        try FigureStore.minute(event.time, created: 1, db)
    }

    func decide(_ event: Delivered<V1.OrderCreated>, in db: Database) throws -> [Outgoing] { [] }
}

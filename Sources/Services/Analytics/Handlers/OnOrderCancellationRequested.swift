import Contracts
import Delivery
import GRDB

/// The customer wants out; Payment decides what comes of it.
struct OnOrderCancellationRequested: EventHandler {
    func apply(_ event: Delivered<V1.OrderCancellationRequested>, in db: Database) throws {
        try FigureStore.count(V1.OrderCancellationRequested.type, db)
        try OrderFactStore.saw(.cancellationRequested, event.orderID, at: event.time, db)
    }

    func decide(_ event: Delivered<V1.OrderCancellationRequested>, in db: Database) throws -> [Outgoing] { [] }
}

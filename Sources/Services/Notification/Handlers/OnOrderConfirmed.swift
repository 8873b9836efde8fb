import Contracts
import Delivery
import GRDB

/// The order is paid for: a confirmation.
struct OnOrderConfirmed: EventHandler {
    func decide(_ event: Delivered<V1.OrderConfirmed>, in db: Database) throws -> [Outgoing] {
        try Telling.decide(.confirmation, to: event.payload.email, event.envelope, order: event.orderID, db)
    }
}

import Contracts
import Delivery
import GRDB

/// The order ended unpaid, or was paid back: sold out, payment failed, cancellation or refund.
struct OnOrderCancelled: EventHandler {
    func decide(_ event: Delivered<V1.OrderCancelled>, in db: Database) throws -> [Outgoing] {
        try Telling.decide(
            NotificationKind(of: event.payload.reason), to: event.payload.email, event.envelope, order: event.orderID,
            db)
    }
}

import Contracts
import Delivery
import GRDB

/// The order will not be paid for: its stock is for sale again.
struct OnPaymentFailed: EventHandler {
    func decide(_ event: Delivered<V1.PaymentFailed>, in db: Database) throws -> [Outgoing] {
        try Release.decide(event, .paymentFailed, in: db)
    }
}

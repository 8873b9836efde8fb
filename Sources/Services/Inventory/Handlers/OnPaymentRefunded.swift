import Contracts
import Delivery
import GRDB

/// The order was paid back: its stock is for sale again.
struct OnPaymentRefunded: EventHandler {
    func decide(_ event: Delivered<V1.PaymentRefunded>, in db: Database) throws -> [Outgoing] {
        try Release.decide(event, .paymentRefunded, in: db)
    }
}

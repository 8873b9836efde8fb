import Contracts
import Delivery
import GRDB

/// The order was paid back: it is cancelled, the only step out of a final status.
struct OnPaymentRefunded: EventHandler {
    func decide(_ event: Delivered<V1.PaymentRefunded>, in db: Database) throws -> [Outgoing] {
        try OrderDecision.decide(event, .paymentRefunded, cancelled: .refunded, in: db)
    }
}

import Contracts
import Delivery
import GRDB

/// The order is paid for: it is confirmed.
struct OnPaymentSucceeded: EventHandler {
    func decide(_ event: Delivered<V1.PaymentSucceeded>, in db: Database) throws -> [Outgoing] {
        try OrderDecision.decide(event, .paymentSucceeded, cancelled: nil, in: db)
    }
}

import Contracts
import Delivery
import GRDB

/// The order will not be paid for: it is cancelled.
struct OnPaymentFailed: EventHandler {
    func decide(_ event: Delivered<V1.PaymentFailed>, in db: Database) throws -> [Outgoing] {
        try OrderDecision.decide(event, .paymentFailed, cancelled: CancellationReason(event.payload.reason), in: db)
    }
}

import Contracts
import Delivery
import GRDB

/// The customer has the money back.
struct OnPaymentRefunded: EventHandler {
    func apply(_ event: Delivered<V1.PaymentRefunded>, in db: Database) throws {
        try FigureStore.count(V1.PaymentRefunded.type, db)
        try OrderFactStore.saw(.refunded, event.orderID, at: event.time, db)
    }

    func decide(_ event: Delivered<V1.PaymentRefunded>, in db: Database) throws -> [Outgoing] { [] }
}

import Contracts
import Delivery
import GRDB

/// The card was charged.
struct OnPaymentSucceeded: EventHandler {
    func apply(_ event: Delivered<V1.PaymentSucceeded>, in db: Database) throws {
        try FigureStore.count(V1.PaymentSucceeded.type, db)
        try OrderFactStore.saw(.paid, event.orderID, at: event.time, db)
    }

    func decide(_ event: Delivered<V1.PaymentSucceeded>, in db: Database) throws -> [Outgoing] { [] }
}

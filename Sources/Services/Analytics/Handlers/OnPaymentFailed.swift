import Contracts
import Delivery
import GRDB

/// The card was not charged and will not be.
struct OnPaymentFailed: EventHandler {
    func apply(_ event: Delivered<V1.PaymentFailed>, in db: Database) throws {
        try FigureStore.count(V1.PaymentFailed.type, db)
        try OrderFactStore.saw(.unpaid, event.orderID, at: event.time, db)
    }

    func decide(_ event: Delivered<V1.PaymentFailed>, in db: Database) throws -> [Outgoing] { [] }
}

import Contracts
import Delivery
import GRDB

/// A customer could not be told.
struct OnNotificationFailed: EventHandler {
    func apply(_ event: Delivered<V1.NotificationFailed>, in db: Database) throws {
        try FigureStore.count(V1.NotificationFailed.type, db)
    }

    func decide(_ event: Delivered<V1.NotificationFailed>, in db: Database) throws -> [Outgoing] { [] }
}

import Contracts
import Delivery
import GRDB

/// A customer was told.
struct OnNotificationSent: EventHandler {
    func apply(_ event: Delivered<V1.NotificationSent>, in db: Database) throws {
        try FigureStore.count(V1.NotificationSent.type, db)
    }

    func decide(_ event: Delivered<V1.NotificationSent>, in db: Database) throws -> [Outgoing] { [] }
}

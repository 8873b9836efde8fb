import Contracts
import Delivery
import GRDB

/// A service gave up on an event: the operator hears of it.
struct OnEventDeadLettered: EventHandler {
    let recipient: String

    func decide(_ event: Delivered<V1.EventDeadLettered>, in db: Database) throws -> [Outgoing] {
        try Alerting.decide(event.payload, for: recipient, db)
    }
}

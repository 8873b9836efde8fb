package import Contracts
package import Delivery
package import GRDB

/// Takes a customer's wish to cancel: on record once an order; what comes of it is Payment's to say.
package struct Cancellation: CommandHandler {
    package init() {}

    /// The order, or nil where there is none.
    package func decide(_ order: OrderID, at now: Timestamp, in db: Database) throws -> CommandDecision<StoredOrder?> {
        guard let stored = try OrderStore.order(order, db) else { return CommandDecision(reply: nil) }
        guard stored.status != .cancelled, stored.cancellationRequestedAt == nil else {
            return CommandDecision(reply: stored)
        }
        let at = max(now, stored.updatedAt)
        var requested = stored
        requested.cancellationRequestedAt = at
        requested.updatedAt = at
        return CommandDecision(
            reply: requested,
            command: Command(key: "cancel:\(order)", correlationID: order.rebound(), at: at),
            outgoing: [.event(V1.OrderCancellationRequested(), order: order)])
    }
}

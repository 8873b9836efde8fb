package import Contracts
package import Delivery
package import GRDB

/// A customer's wish to cancel.
package struct CancellationRequest: Sendable {
    package let order: OrderID
    package let traceparent: String?

    package init(_ order: OrderID, traceparent: String? = nil) {
        self.order = order
        self.traceparent = traceparent
    }
}

/// Takes a customer's wish to cancel: on record once an order; what comes of it is Payment's to say.
package struct Cancellation: CommandHandler {
    package init() {}

    /// The order, or nil where there is none.
    package func decide(
        _ request: CancellationRequest, at now: Timestamp, in db: Database
    ) throws -> CommandDecision<StoredOrder?> {
        let order = request.order
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
            command: Command(
                key: "cancel:\(order)", correlationID: order.rebound(), at: at, traceparent: request.traceparent),
            outgoing: [.event(V1.OrderCancellationRequested(), order: order)])
    }
}

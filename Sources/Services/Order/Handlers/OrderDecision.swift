import Contracts
import Delivery
import GRDB

/// What all four handlers do: look the order up, look the step up, say what follows.
enum OrderDecision {
    static func decide<Payload>(
        _ event: Delivered<Payload>, _ news: OrderNews, cancelled reason: CancellationReason?, in db: Database
    ) throws -> [Outgoing] {
        let id = try event.orderID
        guard let order = try OrderStore.order(id, db) else {
            throw EventFault.brokenRule("\(event.envelope.type) speaks of order \(id), which is not known here")
        }
        switch OrderStep.step(from: order.status, reason: order.reason, on: news) {
        case .nothing:
            return []
        case .confirm:
            let confirmed = V1.OrderConfirmed(
                customerID: order.customerID, email: order.email, lines: order.lines, total: order.total)
            return [.event(confirmed, order: id)]
        case .cancel:
            guard let reason else { preconditionFailure("\(news) cancels no order") }
            let cancelled = V1.OrderCancelled(
                reason: reason, customerID: order.customerID, email: order.email, lines: order.lines, total: order.total
            )
            return [.event(cancelled, order: id)]
        case .illegal:
            let state = order.status.rawValue + (order.reason.map { " (\($0.rawValue))" } ?? "")
            return [.anomaly("\(event.envelope.type) cannot follow: order \(id) is \(state)")]
        }
    }
}

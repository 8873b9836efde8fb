import Contracts
import Delivery
import GRDB

/// What both handlers decide: a call to the mail channel, once an order and kind.
enum Telling {
    /// Whom no message can ever reach is a failed notification, at once and for good.
    static func decide(
        _ kind: NotificationKind, to email: String, _ event: Envelope, order: OrderID, _ db: Database
    ) throws -> [Outgoing] {
        guard try !Intent.exists(key: Notice.key(order, kind), db), try !NotificationStore.isSettled(order, kind, db)
        else {
            return []  // the customer is told of this kind already
        }
        if let reason = MailAddress.fault(of: email) {
            let failed = V1.NotificationFailed(kind: kind, channel: "none", reason: reason)
            return [.event(failed, order: order)]
        }
        return [.call(Notice.call(kind, event, order: order))]
    }

    /// The operator gave up on the event: the customer is not told, and that is on record.
    static func giveUp(_ event: Envelope, _ kind: NotificationKind, _ db: Database) throws -> [Outgoing] {
        guard let order = event.orderID, try !Intent.exists(key: Notice.key(order, kind), db),
            try !NotificationStore.isSettled(order, kind, db)
        else { return [] }
        let failed = V1.NotificationFailed(kind: kind, channel: "none", reason: "given up on at the dead-letter desk")
        return [.event(failed, order: order)]
    }
}

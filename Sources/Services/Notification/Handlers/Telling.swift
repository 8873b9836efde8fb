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
}

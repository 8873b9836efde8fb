import Contracts
import Delivery
import GRDB

/// `NotificationSent`: the customer was told.
struct NotificationSentFact: FactApplier {
    func apply(_ fact: Delivered<V1.NotificationSent>, in db: Database) throws {
        try NotificationStore.insert(
            try fact.orderID, fact.payload.kind, of: fact.toldOf, messageID: fact.payload.messageID, state: "sent",
            at: fact.time, db)
    }
}

/// `NotificationFailed`: the customer could not be told, and nobody tries again.
struct NotificationFailedFact: FactApplier {
    func apply(_ fact: Delivered<V1.NotificationFailed>, in db: Database) throws {
        try NotificationStore.insert(
            try fact.orderID, fact.payload.kind, of: fact.toldOf, messageID: Notice.messageID(of: fact.toldOf),
            state: "failed", at: fact.time, db)
    }
}

extension Delivered {
    /// The event that the customer was to hear of: the cause. Every own event of this service has one.
    fileprivate var toldOf: EventID { envelope.causationID ?? envelope.id }
}

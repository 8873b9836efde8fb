import Contracts
import Delivery
import GRDB

struct ApplyPaymentSucceeded: FactApplier {
    func apply(_ fact: Delivered<V1.PaymentSucceeded>, in db: Database) throws {
        try PaymentStore.insertSucceeded(try fact.orderID, fact.payload, at: fact.time, db)
    }
}

struct ApplyPaymentFailed: FactApplier {
    func apply(_ fact: Delivered<V1.PaymentFailed>, in db: Database) throws {
        try PaymentStore.insertFailed(try fact.orderID, fact.payload, at: fact.time, db)
    }
}

struct ApplyPaymentRefunded: FactApplier {
    func apply(_ fact: Delivered<V1.PaymentRefunded>, in db: Database) throws {
        try PaymentStore.setRefunded(try fact.orderID, fact.payload, at: fact.time, db)
    }
}

import Contracts
import Delivery
import GRDB

struct ApplyOrderCreated: FactApplier {
    func apply(_ fact: Delivered<V1.OrderCreated>, in db: Database) throws {
        try OrderStore.insert(try fact.orderID, fact.payload, at: fact.time, db)
    }
}

struct ApplyOrderCancellationRequested: FactApplier {
    func apply(_ fact: Delivered<V1.OrderCancellationRequested>, in db: Database) throws {
        try OrderStore.setCancellationRequested(try fact.orderID, at: fact.time, db)
    }
}

struct ApplyOrderConfirmed: FactApplier {
    func apply(_ fact: Delivered<V1.OrderConfirmed>, in db: Database) throws {
        try OrderStore.setStatus(.confirmed, reason: nil, of: try fact.orderID, at: fact.time, db)
    }
}

struct ApplyOrderCancelled: FactApplier {
    func apply(_ fact: Delivered<V1.OrderCancelled>, in db: Database) throws {
        try OrderStore.setStatus(.cancelled, reason: fact.payload.reason, of: try fact.orderID, at: fact.time, db)
    }
}

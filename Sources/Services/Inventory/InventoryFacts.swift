import Contracts
import Delivery
import GRDB

struct ApplyStockReserved: FactApplier {
    func apply(_ fact: Delivered<V1.StockReserved>, in db: Database) throws {
        for line in fact.payload.lines { try InventoryStore.move(line, toReserved: line.quantity, db) }
        try InventoryStore.insertReservation(
            try fact.orderID, .reserved, lines: fact.payload.lines, at: fact.time, expiresAt: fact.payload.expiresAt, db
        )
    }
}

struct ApplyStockRejected: FactApplier {
    func apply(_ fact: Delivered<V1.StockRejected>, in db: Database) throws {
        try InventoryStore.insertReservation(try fact.orderID, .rejected, lines: [], at: fact.time, expiresAt: nil, db)
    }
}

struct ApplyStockReleased: FactApplier {
    func apply(_ fact: Delivered<V1.StockReleased>, in db: Database) throws {
        try InventoryStore.setReleased(try fact.orderID, at: fact.time, db)
        for line in fact.payload.lines { try InventoryStore.move(line, toReserved: 0 &- line.quantity, db) }
    }
}

struct ApplyStockAdjusted: FactApplier {
    func apply(_ fact: Delivered<V1.StockAdjusted>, in db: Database) throws {
        try InventoryStore.adjust(fact.envelope.subject, by: fact.payload.delta, db)
        try InventoryStore.insertAdjustment(fact.envelope.subject, fact.payload, at: fact.time, db)
    }
}

import Contracts
import Delivery
import Foundation
import GRDB

/// `OrderStuck`: reported once more.
struct OrderStuckFact: FactApplier {
    func apply(_ fact: Delivered<V1.OrderStuck>, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO stuck_reports (order_id, reports, last_at) VALUES (?, ?, ?)
                ON CONFLICT (order_id) DO UPDATE SET reports = excluded.reports, last_at = excluded.last_at
                """
        ).execute(arguments: [Data(try fact.orderID.bytes), fact.payload.count, fact.time.microseconds])
    }
}

/// `StockRanLow`: the latest report a product.
struct StockRanLowFact: FactApplier {
    func apply(_ fact: Delivered<V1.StockRanLow>, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO low_stock_reports (product_id, available, at) VALUES (?, ?, ?)
                ON CONFLICT (product_id) DO UPDATE SET available = excluded.available, at = excluded.at
                """
        ).execute(arguments: [fact.envelope.subject, fact.payload.available, fact.time.microseconds])
    }
}

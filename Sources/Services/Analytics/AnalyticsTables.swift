import Delivery
import GRDB

/// The tables of Analytics: running figures, none of which depends on how the topics were interleaved.
enum AnalyticsTables {
    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                -- seen: which facts came, a bit each (OrderProgress); moved_at: the latest of their times.
                CREATE TABLE IF NOT EXISTS order_facts (
                    order_id BLOB PRIMARY KEY, created_at INTEGER, outcome TEXT, reason TEXT, outcome_at INTEGER,
                    amount INTEGER, currency TEXT, seen INTEGER NOT NULL, moved_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                -- Orders on their way, oldest first: what StuckOrders looks through.
                CREATE INDEX IF NOT EXISTS order_facts_pending ON order_facts (created_at) WHERE outcome IS NULL;

                CREATE TABLE IF NOT EXISTS revenue (
                    currency TEXT PRIMARY KEY, amount INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS cancellations (
                    reason TEXT PRIMARY KEY, orders INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS units (
                    product_id TEXT PRIMARY KEY, sold INTEGER NOT NULL, available INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS minutes (
                    minute INTEGER PRIMARY KEY, created INTEGER NOT NULL, confirmed INTEGER NOT NULL, cancelled INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE IF NOT EXISTS latency (
                    bucket INTEGER PRIMARY KEY, orders INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE IF NOT EXISTS event_counts (
                    type TEXT PRIMARY KEY, events INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS stuck_reports (
                    order_id BLOB PRIMARY KEY, reports INTEGER NOT NULL, last_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS low_stock_reports (
                    product_id TEXT PRIMARY KEY, available INTEGER NOT NULL, at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }

    static let digest = [
        DigestTable(
            "order_facts", key: ["order_id"],
            columns: [
                "order_id", "created_at", "outcome", "reason", "outcome_at", "amount", "currency", "seen", "moved_at",
            ]),
        DigestTable("revenue", key: ["currency"], columns: ["currency", "amount"]),
        DigestTable("cancellations", key: ["reason"], columns: ["reason", "orders"]),
        DigestTable("units", key: ["product_id"], columns: ["product_id", "sold", "available"]),
        DigestTable("minutes", key: ["minute"], columns: ["minute", "created", "confirmed", "cancelled"]),
        DigestTable("latency", key: ["bucket"], columns: ["bucket", "orders"]),
        DigestTable("event_counts", key: ["type"], columns: ["type", "events"]),
        DigestTable("stuck_reports", key: ["order_id"], columns: ["order_id", "reports", "last_at"]),
        DigestTable("low_stock_reports", key: ["product_id"], columns: ["product_id", "available", "at"]),
    ]
}

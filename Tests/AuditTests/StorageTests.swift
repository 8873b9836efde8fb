import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Databases that are damaged as such, whatever their rows say.
@Suite(.timeLimit(.minutes(15)))
struct StorageTests {
    private static func told() throws -> Shop {
        let shop = try Shop()
        _ = try shop.tellStory()
        return shop
    }

    /// The file of a database at rest, with its write-ahead log in it.
    private static func settle(_ shop: Shop, _ service: ServiceName) throws -> String {
        try shop.databases[service]?.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try shop.stop()
        return "\(shop.directory)/db/\(service.rawValue)/\(service.rawValue).db"
    }

    @Test(
        "a destroyed page of any index is found, with the database named",
        arguments: ["sqlite_autoindex_orders_2", "orders_by_customer", "orders_cancelled", "parked_by_subject"])
    func destroyedIndexPage(index: String) throws {
        let shop = try Self.told()
        defer { shop.remove() }
        let path = try Self.settle(shop, .order)
        let queue = try DatabaseQueue(path: path)
        let page = try queue.read { db in
            try Int64.fetchOne(db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [index])
        }
        try queue.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: UInt64(try #require(page) - 1) * 4096)
        try file.write(contentsOf: Data(count: 4096))
        try file.close()
        let report = try shop.audit()
        #expect(report.verdict == .invalid, "\(report.words)")
        #expect(report.broken == [9], "\(report.words)")
        #expect(report[9].violations.contains { $0.file == "db/order/order.db" }, "\(report.words)")
    }

    @Test(
        "what no service makes in its database is named",
        arguments: [
            "CREATE TABLE notes (text TEXT)", "CREATE VIEW all_orders AS SELECT * FROM orders",
            "CREATE TRIGGER quiet BEFORE INSERT ON outbox BEGIN SELECT RAISE(IGNORE); END",
            "CREATE UNIQUE INDEX one_order_a_customer ON inbox (topic, offset)",
            "ALTER TABLE orders ADD COLUMN note TEXT", "PRAGMA user_version = 99",
        ])
    func foreignSchema(sql: String) throws {
        let shop = try Self.told()
        defer { shop.remove() }
        try shop.databases[.order]?.writeWithoutTransaction { try $0.execute(sql: sql) }
        let report = try shop.audit()
        #expect(report.broken == [9], "\(report.words)")
    }

    @Test("an index that its owner would make anew is unknown, not broken")
    func droppedIndex() throws {
        let shop = try Self.told()
        defer { shop.remove() }
        try shop.databases[.order]?.writeWithoutTransaction { try $0.execute(sql: "DROP INDEX orders_by_customer") }
        let report = try shop.audit()
        #expect(report.verdict == .unknown && report.broken.isEmpty, "\(report.words)")
        #expect(report[9].waits.contains { $0.message.contains("orders_by_customer") })
    }

    @Test(
        "a cell of the ledger that cannot be is named with table, column and row",
        arguments: [
            ("UPDATE ledger SET amount = 'ten'", "ledger.amount"),
            ("UPDATE ledger SET at = 'noon'", "ledger.at"),
            ("UPDATE ledger SET entry = -9223372036854775808 WHERE entry = 1", "ledger.entry"),
            ("UPDATE idempotency_keys SET status = 7", "idempotency_keys.status"),
        ])
    func damagedLedger(sql: String, cell: String) throws {
        let shop = try Self.told()
        defer { shop.remove() }
        try shop.editLedger(sql)
        let report = try shop.audit()
        #expect(report.broken == [9], "\(report.words)")
        #expect(report[9].violations.contains { $0.message.contains(cell) }, "\(report.words)")
    }

    @Test("what lies in the place of a database and is no file is neither opened nor waited for")
    func noFile() throws {
        for isPipe in [true, false] {
            let shop = try Self.told()
            defer { shop.remove() }
            let path = try Self.settle(shop, .payment)
            try FileManager.default.removeItem(atPath: path)
            if isPipe {
                try #require(mkfifo(path, 0o600) == 0)
            } else {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            }
            let report = try shop.audit()
            #expect(report.verdict == .unknown, "\(report.words)")
            #expect(report[9].waits.contains { $0.message.contains("no regular file") }, "\(report.words)")
        }
    }

    @Test("a database that was removed did not 'never start'")
    func removed() throws {
        let shop = try Self.told()
        defer { shop.remove() }
        try FileManager.default.removeItem(atPath: try Self.settle(shop, .inventory))
        let report = try shop.audit()
        #expect(report.verdict == .unknown, "\(report.words)")
        #expect(report[9].waits.contains { $0.message.contains("its database was removed") }, "\(report.words)")
    }

    @Test(
        "counters that leave the log, and rows that the outbox lacks, end in bounded time and are broken",
        arguments: [
            "UPDATE outbox_topics SET next_sequence = 4611686018427387904",
            "UPDATE outbox_topics SET published_sequence = published_sequence + 1000",
            "UPDATE outbox_topics SET published_sequence = published_sequence - 1",
            "INSERT INTO outbox SELECT topic, next_sequence + 1, x'00' FROM outbox_topics",
            "UPDATE outbox_topics SET next_sequence = 4611686018427387904, published_sequence = 4611686018427387903",
        ])
    func counters(sql: String) throws {
        let shop = try Self.told()
        defer { shop.remove() }
        try shop.edit(.order, sql)
        let report = try shop.audit()
        #expect(report.broken.contains(6), "\(report.words)")
    }

    @Test("a call that was answered does not stand open")
    func reopened() throws {
        for service in [ServiceName.payment, .notification] {
            let shop = try Self.told()
            defer { shop.remove() }
            try shop.edit(service, "UPDATE intents SET state = 'open' WHERE key NOT LIKE 'alert:%'")
            let report = try shop.audit()
            #expect(report.broken.contains(8), "\(report.words)")
        }
    }
}

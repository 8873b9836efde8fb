import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// What a database repeats of an event, and files that are not what they should be.
@Suite("The audit compares what is repeated", .timeLimit(.minutes(15)))
struct DoctoredRepetitionTests {
    /// A finished shop with a charge, a refund, a declined card, and an open dead letter at Inventory.
    private func shop() throws -> Shop {
        let shop = try Shop()
        _ = try shop.tellStory()
        try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.settleAll()
        return shop
    }

    @Test(
        "a column of a dead letter, its record or an anomaly that does not fit the event breaks an invariant",
        arguments: [
            ("UPDATE dead_letters SET subject = 'nobody'", 8),
            ("UPDATE dead_letters SET type = 'v1.PaymentFailed'", 8),
            ("UPDATE dead_letters SET signature = 'another'", 8),
            (
                "INSERT INTO dead_letter_actions SELECT NULL, event_id, 'discarded', died_at, 'm', NULL, NULL FROM dead_letters",
                8
            ),
            (
                "INSERT INTO dead_letter_actions SELECT NULL, event_id, 'praised', died_at, 'm', NULL, NULL FROM dead_letters",
                8
            ),
            ("INSERT INTO dead_letter_actions VALUES (NULL, randomblob(16), 'retried', 5, 'm', NULL, NULL)", 8),
            ("INSERT INTO anomalies VALUES (randomblob(16), 'orders', 0, 'x', 'v1.OrderCreated', 't', 5)", 2),
        ])
    func columns(sql: String, invariant: Int) throws {
        let shop = try shop()
        defer { shop.remove() }
        #expect(try shop.audit().verdict == .valid)
        try shop.edit(.inventory, sql)
        let report = try shop.audit()
        #expect(report.broken.contains(invariant), "\(report.words)")
    }

    @Test(
        "a call of Payment that does not fit its event, or is missing, breaks 4",
        arguments: [
            "DELETE FROM intents", "UPDATE intents SET request = x'00'", "UPDATE intents SET cause = x'00'",
            "UPDATE intents SET subject = 'zz'", "UPDATE intents SET kind = 'refund' WHERE kind = 'charge'",
            "UPDATE intents SET key = key || '0'", "UPDATE intents SET deadline = 5",
            "UPDATE intents SET request = CAST(replace(request, '\"amount\":', '\"amount\":1') AS BLOB)",
        ])
    func calls(sql: String) throws {
        let shop = try shop()
        defer { shop.remove() }
        try shop.edit(.payment, sql)
        let report = try shop.audit()
        #expect(report.broken.contains(4), "\(report.words)")
    }

    @Test("a key that the gateway would answer with another status breaks 4")
    func status() throws {
        let shop = try shop()
        defer { shop.remove() }
        try shop.gateway.write { try $0.execute(sql: "UPDATE idempotency_keys SET status = 599") }
        #expect(try shop.audit().broken.contains(4))
    }

    @Test(
        "two topics that changed places are no trap, and no VALID",
        arguments: ["payments", "inventory", "notifications"])
    func swapped(other: String) throws {
        let shop = try shop()
        defer { shop.remove() }
        let log = shop.directory + "/log/"
        for (from, to) in [("orders", "away"), (other, "orders"), ("away", other)] {
            try FileManager.default.moveItem(atPath: log + from, toPath: log + to)
        }
        #expect(try shop.audit().verdict == .invalid)
    }

    @Test("a named pipe in the log's place is answered at once")
    func pipe() throws {
        let shop = try shop()
        defer { shop.remove() }
        let commit = shop.directory + "/log/orders/commit"
        try FileManager.default.removeItem(atPath: commit)
        #expect(mkfifo(commit, 0o600) == 0)
        #expect(try shop.audit().verdict != .valid)
    }

    @Test("journals that cannot be read make the verdict unknown")
    func journals() throws {
        let shop = try shop()
        defer { shop.remove() }
        let sale = shop.directory + "/sale"
        try? FileManager.default.removeItem(atPath: sale)
        try FileManager.default.createSymbolicLink(atPath: sale, withDestinationPath: "sale")
        #expect(try shop.audit().verdict == .unknown)
        try FileManager.default.removeItem(atPath: sale)
        try FileManager.default.createDirectory(atPath: sale, withIntermediateDirectories: true)
        try Data(count: 4096).write(to: URL(fileURLWithPath: sale + "/acknowledged-x-0.jsonl"))
        #expect(try shop.audit().verdict == .unknown)
    }
}

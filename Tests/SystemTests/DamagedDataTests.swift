import Foundation
import GRDB
import TestSupport
import Testing

/// Real programs on data that no restart heals: each ends by itself with 78, and says what is wrong with which file.
@Suite("Programs on damaged data", .serialized, .timeLimit(.minutes(5)))
struct DamagedDataTests {
    @Test("order-service ends with 78, naming file and cell, and changes nothing")
    func service() async throws {
        try await withTemporaryDirectory { directory in
            let sound = directory + "/sound"
            let first = try start("order-service", sound, in: directory)
            try await first.waitUntilReady()
            // With its write-ahead log in the file, so that what is changed there counts.
            first.terminate()
            try await waitUntil("order-service is dead") { first.status == 0 }
            let database = "/db/order/order.db"
            try Self.execute("PRAGMA wal_checkpoint(TRUNCATE)", sound + database)
            let states: [(words: String, change: (String) throws -> Void)] = [
                ("not a database", { try Self.write(Data(repeating: 0x5A, count: 100), to: $0) }),
                (
                    "no regular file",
                    { path in
                        try FileManager.default.removeItem(atPath: path)
                        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                    }
                ),
                (
                    "of topic orders where sequence 1 is due",
                    { path in
                        try Self.execute(
                            "INSERT INTO outbox_topics VALUES ('orders', 3, 0); INSERT INTO outbox VALUES ('orders', 2, x'00')",
                            path)
                    }
                ),
                (
                    "outbox_topics.next_sequence holds -1",
                    {
                        try Self.execute("INSERT INTO outbox_topics VALUES ('orders', -1, 0)", $0)
                    }
                ),
                ("published up to 7", { try Self.execute("INSERT INTO outbox_topics VALUES ('orders', 8, 7)", $0) }),
                ("user_version is 99", { try Self.execute("PRAGMA user_version = 99", $0) }),
                (
                    "consumer_positions.next_offset holds -5",
                    {
                        try Self.execute("INSERT INTO consumer_positions VALUES ('payments', -5, x'')", $0)
                    }
                ),
            ]
            for (number, state) in states.enumerated() {
                let data = directory + "/data-\(number)"
                try FileManager.default.copyItem(atPath: sound, toPath: data)
                try state.change(data + database)
                let service = try start("order-service", data, in: directory)
                try await waitUntil("order-service ends") { service.status != nil }
                #expect(service.status == 78, "\(state.words): \(service.errors)")
                #expect(service.errors.contains(state.words), "\(state.words): \(service.errors)")
                #expect(service.errors.contains("order.db"), "\(service.errors)")
            }
        }
    }

    @Test("payment-gateway ends with 78 for a ledger that is no database")
    func gateway() async throws {
        try await withTemporaryDirectory { directory in
            let data = directory + "/data"
            try FileManager.default.createDirectory(
                atPath: data + "/db/payment-gateway", withIntermediateDirectories: true)
            try Data(repeating: 0x5A, count: 8192).write(
                to: URL(fileURLWithPath: data + "/db/payment-gateway/payment-gateway.db"))
            let gateway = try start("payment-gateway", data, in: directory)
            try await waitUntil("payment-gateway ends") { gateway.status != nil }
            #expect(gateway.status == 78, "\(gateway.errors)")
        }
    }

    private func start(_ name: String, _ data: String, in directory: String) throws -> ServiceBesides {
        try ServiceBesides(name, data: data, binaries: Project.binaries, environment: [:], in: directory)
    }

    private static func execute(_ sql: String, _ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try db.execute(sql: sql)
        }
        try queue.close()
    }

    private static func write(_ bytes: Data, to path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        try file.close()
    }
}

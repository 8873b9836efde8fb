package import Contracts
package import Delivery
import FileEventLog
import Foundation
package import GRDB

/// What a run left behind, in a directory of the real machine: laid out as a data directory, as if everything had been
/// killed.
package struct ExportedEvidence: Sendable {
    package let directory: String
    private let shop: Shop

    /// - Parameter directory: exists and is empty.
    init(of world: World, in directory: String) throws {
        self.directory = directory
        shop = world.shop
        let manager = FileManager.default
        var made: Set<String> = []
        for (path, image) in world.disk.files() {
            let target = directory + path
            let folder = (target as NSString).deletingLastPathComponent
            if made.insert(folder).inserted {
                try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            try Self.write(image, to: target)
        }
        try writeJournal(world.acknowledged)
        try writeLedger(world.gateway)
    }

    /// Zeros at the end take no room: most of a segment is reserved and empty.
    private static func write(_ image: Image, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DiskError("create", path, errno: errno) }
        defer { close(file) }  // nothing that must survive
        let count = image.countWithoutZeros
        guard pwrite(file, image.raw.baseAddress, count, 0) == count, ftruncate(file, off_t(image.count)) == 0 else {
            throw DiskError("write", path, errno: errno)
        }
    }

    private func writeJournal(_ acknowledged: [Acknowledgement]) throws {
        let folder = directory + "/sale"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lines = acknowledged.map { promise in
            """
            {"amount":\(promise.total.amount),"currency":"\(promise.total.currency)","key":"\(promise.key)",\
            "order":"\(promise.order)"}

            """
        }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder + "/acknowledged-1.jsonl"))
    }

    private func writeLedger(_ gateway: SimulatedGateway) throws {
        let folder = directory + "/db/payment-gateway"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") }
        let database = try DatabaseQueue(path: folder + "/payment-gateway.db", configuration: configuration)
        try database.inDatabase { db in
            try db.inTransaction {
                try db.execute(
                    sql: """
                        CREATE TABLE idempotency_keys (
                            key TEXT PRIMARY KEY, outcome TEXT NOT NULL, response BLOB, status INTEGER) WITHOUT ROWID;
                        CREATE TABLE ledger (
                            entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, gateway_id TEXT NOT NULL,
                            payment_intent TEXT NOT NULL, order_id TEXT NOT NULL, amount INTEGER NOT NULL,
                            currency TEXT NOT NULL, at INTEGER NOT NULL);
                        CREATE INDEX refunds_of_payment_intent ON ledger (payment_intent, amount) WHERE kind = 'refund';
                        """)
                for (key, binding) in gateway.bindings {
                    try db.execute(
                        sql: "INSERT INTO idempotency_keys VALUES (?, ?, ?, ?)",
                        arguments: [
                            key, binding.outcome.name, binding.outcome.response.map { Data($0.utf8) },
                            binding.outcome.status,
                        ])
                }
                for entry in gateway.entries {
                    try db.execute(
                        sql: "INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                        arguments: [
                            entry.isRefund ? "refund" : "capture", entry.key, entry.id, entry.paymentIntent,
                            entry.order, entry.amount, entry.currency, entry.at,
                        ])
                }
                return .commit
            }
        }
        try database.close()
    }

    /// A database made anew from the log, in memory.
    package struct Rebuilt {
        package let database: DatabaseQueue
        package let tables: [DigestTable]
    }

    /// Rebuilds a service's tables as its program does with `--rebuild-into`.
    ///
    /// - Parameter live: the service's database among the evidence.
    package func rebuild(_ service: ServiceName, live: Database) throws -> Rebuilt {
        let card = shop.plainCard(of: service)
        let extent = try Rebuild.Extent(card: card, live: live)
        let log = FileEventLog(
            directory: directory + "/log", archive: directory + "/archive", now: { Timestamp(microseconds: 0) },
            randomBytes: { _ in [] })
        let rebuilt = try DatabaseQueue()
        try rebuilt.inDatabase { db in
            try db.inTransaction {
                try Rebuild(card: card, log: log).run(into: db, extent: extent)
                return .commit
            }
        }
        return Rebuilt(database: rebuilt, tables: card.digest)
    }
}

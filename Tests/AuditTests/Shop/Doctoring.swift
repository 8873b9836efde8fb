import Audit
import Contracts
import Foundation
import GRDB
import Testing

extension Shop {
    /// Changes a database behind its owner's back.
    func edit(_ service: ServiceName, _ sql: String, _ arguments: StatementArguments = []) throws {
        try databases[service]?.write { db in
            try db.execute(sql: sql, arguments: arguments)
            guard db.changesCount > 0 else { throw ShopError("nothing was doctored by: \(sql)") }
        }
    }

    func editLedger(_ sql: String, _ arguments: StatementArguments = []) throws {
        try gateway.write { db in
            try db.execute(sql: sql, arguments: arguments)
            guard db.changesCount > 0 else { throw ShopError("nothing was doctored by: \(sql)") }
        }
    }

    /// The owner says something that its rules forbid; everybody else follows.
    func say(_ service: ServiceName, _ events: Envelope...) throws {
        try transact(service) { _, made in made += events }
        try publish(service)
    }

    func audit(_ rebuilder: (any Rebuilder)? = CopyingRebuilder()) throws -> AuditReport {
        let rebuilder = (rebuilder as? CopyingRebuilder).map { $0.of(directory) } ?? rebuilder
        return try Audit(dataDirectory: directory, rebuilder: rebuilder).run()
    }

    /// What a `kill -9` of everybody leaves: files as they are, no locks, no shared memory of SQLite's.
    func killed() throws -> String {
        let copy = directory + "-killed"
        try FileManager.default.copyItem(atPath: directory, toPath: copy)
        for name in try FileManager.default.subpathsOfDirectory(atPath: copy) where name.hasSuffix("-shm") {
            try FileManager.default.removeItem(atPath: copy + "/" + name)
        }
        return copy
    }
}

extension AuditReport {
    subscript(id: Int) -> Invariant {
        invariants.first { $0.id == id } ?? invariants[0]
    }

    /// Ids of the invariants that are broken.
    var broken: [Int] { invariants.filter { $0.holds == .no }.map(\.id) }
    var unknown: [Int] { invariants.filter { $0.holds == .unknown }.map(\.id) }

    /// What to look at when an expectation fails.
    var words: String {
        invariants.filter { $0.holds != .yes }.map { invariant in
            "\(invariant.id) \(invariant.holds):\n"
                + (invariant.violations + invariant.waits).prefix(5).map { "   \($0)" }.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

/// Says that the rebuilt database is the live one, or one with a change.
struct CopyingRebuilder: Rebuilder {
    var directory = ""
    var change: (service: ServiceName, sql: String)?

    func of(_ directory: String) -> Self {
        var copy = self
        copy.directory = directory
        return copy
    }

    static let tables: [ServiceName: [StateTable]] = [
        .order: [
            StateTable(table: "orders", columns: ["order_id", "status", "reason", "total_amount"], key: ["order_id"])
        ],
        .inventory: [
            StateTable(table: "stock", columns: ["product_id", "available", "reserved"], key: ["product_id"]),
            StateTable(table: "reservations", columns: ["order_id", "state"], key: ["order_id"]),
        ],
        .payment: [StateTable(table: "payments", columns: ["order_id", "state", "amount"], key: ["order_id"])],
        .notification: [
            StateTable(table: "notifications", columns: ["kind", "message_id"], key: ["order_id", "kind"])
        ],
        .analytics: [StateTable(table: "minutes", columns: ["minute", "created"], key: ["minute"])],
    ]

    func rebuild(_ service: ServiceName, live _: EvidenceDatabase, into output: String) throws -> RebuiltDatabase {
        let path = output + "/\(service.rawValue).db"
        let live = "\(directory)/db/\(service.rawValue)/\(service.rawValue).db"
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: live + suffix) {
            try FileManager.default.copyItem(atPath: live + suffix, toPath: path + suffix)
        }
        if let change, change.service == service {
            try DatabaseQueue(path: path).write { try $0.execute(sql: change.sql) }
        }
        return RebuiltDatabase(path: path, tables: Self.tables[service] ?? [])
    }
}

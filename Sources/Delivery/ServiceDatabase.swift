package import GRDB

/// The one read-write connection to a service's database.
///
/// *Guarantee*: a commit that returned survives a power loss: WAL with `synchronous=FULL`, read back on opening. *Why read
/// back*: GRDB sets `synchronous=NORMAL` by itself when its own `journalMode` is `.wal`, after `prepareDatabase`
/// (`Database.setUpWALMode`), so both pragmas are set here and `journalMode` is left alone. *If broken*: an order
/// answered with 202 is gone after a power cut, while the log may hold its event.
package final class ServiceDatabase: Sendable {
    private let queue: DatabaseQueue
    package let path: String

    /// The log beside a database, which is to be written and synced once more before the database is opened.
    ///
    /// *Why*: the last process may have ended because a sync of it failed; SQLite takes what it can read there for
    /// committed. *If broken*: a commit is acted on, events and all, and the next loss of power takes it back.
    package static func writeAheadLog(of path: String) -> String { path + "-wal" }

    package init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA foreign_keys = ON;
                    PRAGMA cell_size_check = ON;
                    PRAGMA journal_size_limit = 67108864;
                    """)
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.inDatabase { db in
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            guard journal == "wal", synchronous == 2 else {
                throw DurabilityError(path: path, journalMode: journal ?? "?", synchronous: synchronous ?? -1)
            }
        }
    }

    /// One transaction, `BEGIN IMMEDIATE`. Synchronous: call it off the cooperative pool.
    package func transaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.inDatabase { db in
            var value: Value?
            try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
            }
            return value!  // inTransaction either ran the body to its end or threw
        }
    }

    /// Reads outside a transaction that writes.
    package func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.inDatabase { db in try body(db) }
    }

    package func close() throws {
        try queue.close()
    }
}

/// The database does not keep what it commits.
package struct DurabilityError: Error, CustomStringConvertible {
    package let path: String
    package let journalMode: String
    package let synchronous: Int

    package var description: String {
        "\(path) runs with journal_mode=\(journalMode), synchronous=\(synchronous); wal and 2 (FULL) are needed. "
            + "Is the file system one that SQLite's WAL works on?"
    }
}

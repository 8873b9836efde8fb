import Contracts
import Foundation
package import GRDB
import GRDBSQLite

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
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw DatabaseRefused(path: path, reason: "it is no regular file")
        }
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
        queue = try Self.naming(path) { try DatabaseQueue(path: path, configuration: configuration) }
        try queue.inDatabase { db in
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            guard journal == "wal", synchronous == 2 else {
                throw DurabilityError(path: path, journalMode: journal ?? "?", synchronous: synchronous ?? -1)
            }
            #if MUTANTS
                if Mutant.commitsNotSynced.isOn { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
            #endif
        }
    }

    /// One transaction, `BEGIN IMMEDIATE`. Synchronous: call it off the cooperative pool.
    ///
    /// *Guarantee*: what it returns from is in the file that has the database's name. *If broken*: a data directory that
    /// somebody removed takes the orders with it that are still answered with 202.
    /// - Throws: `DatabaseMoved`, and what the body and SQLite throw.
    package func transaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) {
            try queue.inDatabase { db in
                var value: Value?
                try db.inTransaction(.immediate) {
                    value = try body(db)
                    return .commit
                }
                try requireInPlace(db)
                return value!  // inTransaction either ran the body to its end or threw
            }
        }
    }

    /// One `stat` a transaction, by SQLite's own way to the file system; one that cannot tell has no say.
    private func requireInPlace(_ db: Database) throws {
        var isMoved: CInt = 0
        sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &isMoved)
        guard isMoved == 0 else { throw DatabaseMoved(path: path) }
    }

    /// Reads outside a transaction that writes.
    package func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try queue.inDatabase { db in try body(db) } }
    }

    /// A database that is damaged, as SQLite or `Cells` find it, is named in the error by its file.
    private static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            throw DatabaseError(
                resultCode: error.extendedResultCode, message: "\(path): \(error.message ?? "damaged")", sql: error.sql)
        }
    }

    package func close() throws {
        try queue.close()
    }
}

/// The database's file was removed, moved away or replaced: what is committed goes with the process.
package struct DatabaseMoved: EnvironmentFault, Equatable {
    package let path: String
    package let isFinal = true

    package init(path: String) {
        self.path = path
    }

    package var description: String {
        "\(path) was removed, moved away or replaced while this process was working with it. "
            + "Put the data directory back as it was, or begin a new one, and start again"
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

import GRDB

/// Opens the ledger's database: one read-write connection, each commit on disk before it counts.
///
/// *Guarantee*: `journal_mode=WAL` and `synchronous=FULL`, read back before anything is served.
/// *Why*: GRDB sets `synchronous=NORMAL` behind a `Configuration.journalMode` of `.wal`, after `prepareDatabase`;
/// so both pragmas are run here and `journalMode` stays at its default.
/// *If broken*: a power loss takes back charges that were answered.
enum LedgerDatabase {
    static let busyTimeoutSeconds = 5.0
    /// Pages in the write-ahead log before a commit copies them back: 16 MiB at 4 KiB a page.
    static let checkpointPages = 4096

    static func open(path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "payment-gateway.ledger"
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(checkpointPages)")
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { db in
            try Pragmas(readFrom: db).check(path: path)
            try db.inTransaction(.immediate) {
                try db.execute(sql: schema)
                return .commit
            }
        }
        return database
    }

    static let schema = """
        CREATE TABLE IF NOT EXISTS idempotency_keys (
            key TEXT PRIMARY KEY,
            outcome TEXT NOT NULL CHECK (outcome IN ('captured','declined','voided','refunded')),
            request_hash BLOB,
            status INTEGER,
            response BLOB,
            bound_at INTEGER NOT NULL   -- microseconds since 1970
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS ledger (
            entry INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('capture','refund')),
            key TEXT NOT NULL UNIQUE,
            gateway_id TEXT NOT NULL UNIQUE,
            payment_intent TEXT NOT NULL,
            order_id TEXT NOT NULL,
            amount INTEGER NOT NULL,
            currency TEXT NOT NULL,
            at INTEGER NOT NULL          -- microseconds since 1970
        ) STRICT;
        -- Serves the sum of a payment intent's refunds.
        CREATE INDEX IF NOT EXISTS refunds_of_payment_intent ON ledger (payment_intent, amount) WHERE kind = 'refund';
        """

    /// What the connection says of itself.
    struct Pragmas: Equatable {
        let journalMode: String
        let synchronous: Int
        let busyTimeoutMilliseconds: Int

        /// SQLite's number for `synchronous=FULL`.
        static let full = 2

        init(readFrom db: Database) throws {
            journalMode = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
            synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
            busyTimeoutMilliseconds = try Int.fetchOne(db, sql: "PRAGMA busy_timeout") ?? -1
        }

        func check(path: String) throws {
            guard journalMode == "wal", synchronous == Self.full else {
                throw LedgerNotDurable(path: path, pragmas: self)
            }
        }
    }
}

/// The database would not keep what it commits.
struct LedgerNotDurable: Error, CustomStringConvertible {
    let path: String
    let pragmas: LedgerDatabase.Pragmas

    var description: String {
        "\(path) has journal_mode=\(pragmas.journalMode) and synchronous=\(pragmas.synchronous), "
            + "needs wal and 2 (FULL); put the data directory on a local disk that SQLite can use in WAL mode"
    }
}

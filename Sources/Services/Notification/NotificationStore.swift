import Contracts
import Delivery
import Foundation
import GRDB

/// Tables and SQL of Notification.
enum NotificationStore {
    static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS notifications (
                    order_id BLOB NOT NULL, kind TEXT NOT NULL, event_id BLOB NOT NULL, message_id TEXT NOT NULL,
                    state TEXT NOT NULL CHECK (state IN ('sent', 'failed')), at INTEGER NOT NULL,
                    PRIMARY KEY (order_id, kind)
                ) STRICT, WITHOUT ROWID;

                -- Dead letters of the five services by group; counted for the operator's messages, so not in the digest.
                CREATE TABLE IF NOT EXISTS alerts (
                    service TEXT NOT NULL, type TEXT NOT NULL, signature TEXT NOT NULL, letters INTEGER NOT NULL,
                    PRIMARY KEY (service, type, signature)
                ) STRICT, WITHOUT ROWID;

                -- How far a channel's file is settled, in bytes; not state of the shop, so not in the digest.
                CREATE TABLE IF NOT EXISTS channel_marks (
                    channel TEXT PRIMARY KEY, mark INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }

    /// Whether the customer was told, or could not be, of this kind.
    static func isSettled(_ order: OrderID, _ kind: NotificationKind, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM notifications WHERE order_id = ? AND kind = ?)")
        return try Bool.fetchOne(statement, arguments: [Data(order.bytes), kind.rawValue]) ?? false
    }

    static func insert(
        _ order: OrderID, _ kind: NotificationKind, of event: EventID, messageID: String, state: String,
        at time: Timestamp,
        _ db: Database
    ) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO notifications (order_id, kind, event_id, message_id, state, at) VALUES (?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [
            Data(order.bytes), kind.rawValue, Data(event.bytes), messageID, state, time.microseconds,
        ])
    }

    static func mark(of channel: String, _ db: Database) throws -> Int64 {
        let row = try Row.fetchOne(db, sql: "SELECT mark FROM channel_marks WHERE channel = ?", arguments: [channel])
        guard let cell = row.map({ Cells($0, of: "channel_marks") }) else { return 0 }
        guard let mark: Int64 = try cell(0), mark >= 0 else { throw cell.fault(at: 0, expected: "a number of bytes") }
        return mark
    }

    static func setMark(_ mark: Int64, of channel: String, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO channel_marks (channel, mark) VALUES (?, ?)
                ON CONFLICT (channel) DO UPDATE SET mark = excluded.mark
                """)
        try statement.execute(arguments: [channel, mark])
    }

    /// Counts a dead letter of the group; how many there are now.
    static func countLetter(_ service: String, type: String, signature: String, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            try db.cachedStatement(
                sql: """
                    INSERT INTO alerts (service, type, signature, letters) VALUES (?, ?, ?, 1)
                    ON CONFLICT (service, type, signature) DO UPDATE SET letters = letters + 1 RETURNING letters
                    """),
            arguments: [service, type, signature]) ?? 1
    }
}

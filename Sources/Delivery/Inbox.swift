import Contracts
import EventLog
import Foundation
import GRDB

/// Which events were applied here.
///
/// *Guarantee*: one id at two offsets (a redrive, an import, a transport that delivers twice) has its effect once: its row
/// goes in with the effect, in one transaction. *If broken*: the second delivery reserves the stock again.
enum Inbox {
    /// False where the event is known: it must not be applied again.
    static func insert(_ id: EventID, _ logged: LoggedEvent, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO inbox (event_id, topic, offset) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        try statement.execute(arguments: [Data(id.bytes), logged.topic.name, Int64(logged.offset)])
        return db.changesCount == 1
    }

    static func contains(_ id: EventID, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM inbox WHERE event_id = ?)"),
            arguments: [Data(id.bytes)]) ?? false
    }
}

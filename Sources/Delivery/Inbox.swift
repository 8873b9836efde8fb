import Contracts
import EventLog
import Foundation
import GRDB

/// Which events were applied here.
///
/// *Guarantee*: one id at two offsets (a redrive, an import, a transport that delivers twice) has its effect once: its row
/// goes in with the effect, in one transaction. *If broken*: the second delivery reserves the stock again.
///
/// Ids are kept for a window and then pruned, the oldest first: they begin with their time. Safety against reading the
/// log again rests on the position, against repeated intent on the business keys.
enum Inbox {
    /// False where the event is known: it must not be applied again.
    static func insert(_ id: EventID, _ logged: LoggedEvent, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO inbox (event_id, topic, offset) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        try statement.execute(arguments: [Data(id.bytes), logged.topic.name, Int64(logged.offset)])
        #if MUTANTS
            if Mutant.duplicateApplied.isOn { return true }
        #endif
        return db.changesCount == 1
    }

    static func contains(_ id: EventID, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM inbox WHERE event_id = ?)"),
            arguments: [Data(id.bytes)]) ?? false
    }

    /// Forgets ids older than the window, at most so many.
    ///
    /// *Why a counter*: the audit must still tell an event that was applied from one that was skipped.
    static func prune(before end: Timestamp, limit: Int, _ db: Database) throws {
        #if MUTANTS
            let end = Mutant.inboxPrunedTooEarly.isOn ? end + .seconds(30 * 86_400) : end
        #endif
        let bound = Data(EventID.lowest(at: end).bytes)
        let oldest = try db.cachedStatement(
            sql: "SELECT event_id, topic FROM inbox WHERE event_id < ? ORDER BY event_id LIMIT ?")
        var pruned: [String: Int64] = [:]
        var last: Data?
        let rows = try Row.fetchCursor(oldest, arguments: [bound, limit])
        while let row = try rows.next() {
            let cell = Cells(row, of: "inbox")
            last = try cell(0)
            pruned[try cell(1), default: 0] += 1
        }
        guard let last else { return }
        try db.execute(sql: "DELETE FROM inbox WHERE event_id <= ?", arguments: [last])
        for (topic, ids) in pruned {
            try db.execute(
                sql: """
                    INSERT INTO inbox_pruned (topic, ids, below) VALUES (?, ?, ?)
                    ON CONFLICT (topic) DO UPDATE SET ids = ids + excluded.ids, below = max(below, excluded.below)
                    """,
                arguments: [topic, ids, bound])
        }
    }
}

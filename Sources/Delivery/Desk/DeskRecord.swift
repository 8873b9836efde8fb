import Contracts
import Foundation
import GRDB

/// What was done with dead letters, when, by whom and why.
enum DeskRecord {
    enum Action: String {
        case retried, failed, edited, discarded, imported
    }

    /// - Returns: the entry's number, unique in this database.
    @discardableResult
    static func add(
        _ action: Action, _ letter: EventID, by actor: Actor, reason: String? = nil, detail: String? = nil,
        at now: Timestamp, _ db: Database
    ) throws -> Int {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO dead_letter_actions (event_id, action, at, actor, reason, detail) VALUES (?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            Data(letter.bytes), action.rawValue, now.microseconds, actor.name, reason, detail,
        ])
        return Int(db.lastInsertedRowID)
    }
}

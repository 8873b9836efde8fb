package import Contracts
package import GRDB

/// The consumer reads nothing and retries nothing until it is resumed, also over a restart; the desk goes on.
package struct Pause: Equatable, Sendable {
    package let since: Timestamp
    package let actor: String
    package let reason: String

    package init(since: Timestamp, actor: String, reason: String) {
        self.since = since
        self.actor = actor
        self.reason = reason
    }

    package static func load(_ db: Database) throws -> Pause? {
        try Row.fetchOne(db, sql: "SELECT since, actor, reason FROM consumer_pause").map { row in
            let cell = Cells(row, of: "consumer_pause")
            return Pause(since: try cell(0), actor: try cell(1), reason: try cell(2))
        }
    }

    static func store(_ pause: Pause?, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM consumer_pause")
        guard let pause else { return }
        try db.execute(
            sql: "INSERT INTO consumer_pause (id, since, actor, reason) VALUES (1, ?, ?, ?)",
            arguments: [pause.since.microseconds, pause.actor, pause.reason])
    }
}

package import Contracts
package import GRDB

/// Since when a service's consumer is paused, by whom, and why.
package struct ConsumerPause: Sendable, Encodable {
    package let since: Timestamp
    package let actor: String
    package let reason: String

    /// Nil while the consumer is not paused.
    package static func read(_ db: Database) throws -> ConsumerPause? {
        try Row.fetchOne(db, sql: "SELECT since, actor, reason FROM consumer_pause").map { row in
            ConsumerPause(
                since: Timestamp(microseconds: row["since"]), actor: row["actor"], reason: row["reason"])
        }
    }
}

import Contracts
import Delivery
import GRDB

/// Since when a consumer is paused, by whom, and why; also known with the service down.
struct ConsumerPause {
    let since: Timestamp
    let actor: String
    let reason: String

    /// Nil while the consumer is not paused.
    static func read(_ db: Database) throws -> ConsumerPause? {
        try Row.fetchOne(db, sql: "SELECT since, actor, reason FROM consumer_pause").map { row in
            let cell = Cells(row, of: "consumer_pause")
            return ConsumerPause(since: try cell(0), actor: try cell(1), reason: try cell(2))
        }
    }

    var text: String { "paused by \(actor): \(reason)" }

    var json: JSONValue {
        .object(["since": JSONValue(since), "actor": .string(actor), "reason": .string(reason)])
    }
}

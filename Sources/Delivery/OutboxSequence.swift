package import Contracts
package import GRDB

/// The counter of an own topic, as the last committed transaction left it.
package enum OutboxSequence {
    /// What the next event of the topic gets; 1 where there is no outbox yet.
    package static func next(of topic: Topic, _ db: Database) throws -> Int64 {
        guard try db.tableExists("outbox_topics") else { return 1 }  // a rebuild makes domain tables alone
        return try Int64.fetchOne(
            db, sql: "SELECT next_sequence FROM outbox_topics WHERE topic = ?", arguments: [topic.name]) ?? 1
    }
}

package import Contracts
package import EventLog
import Foundation
package import GRDB

/// How far a service has read each topic; stored in the transaction of what the events did.
package enum ConsumerPositions {
    package static func load(_ topic: Topic, _ db: Database) throws -> Position? {
        let statement = try db.cachedStatement(
            sql: "SELECT next_offset, token FROM consumer_positions WHERE topic = ?")
        return try Row.fetchOne(statement, arguments: [topic.name]).map { row in
            let cell = Cells(row, of: "consumer_positions")
            return Position(nextOffset: try cell(0), token: try cell(1))
        }
    }

    static func store(_ position: Position, of topic: Topic, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO consumer_positions (topic, next_offset, token) VALUES (?, ?, ?)
                ON CONFLICT (topic) DO UPDATE SET next_offset = excluded.next_offset, token = excluded.token
                """)
        try statement.execute(arguments: [topic.name, Int64(position.nextOffset), Data(position.token)])
    }
}

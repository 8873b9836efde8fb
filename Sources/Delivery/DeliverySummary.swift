package import Contracts
import EventLog
import Foundation
package import GRDB

/// How far a service is with what it was sent: what it has read, what waits, what lies at its dead-letter desk.
///
/// Read in one transaction; where it is shown, the ends of the topics are read after it, so that nobody seems to have
/// read what is not there.
package struct DeliverySummary: Codable, Sendable {
    package struct Reading: Codable, Sendable {
        package let topic: String
        package let nextOffset: Int64
    }

    package struct Group: Codable, Sendable {
        /// As `stampede dlq --group` takes it.
        package let id: String
        package let signature: String
        /// '' for bytes that are no event.
        package let type: String
        package let letters: Int64
        package let first: Timestamp
        package let last: Timestamp
    }

    package let service: ServiceName
    /// One a topic that the service consumes.
    package let positions: [Reading]
    /// Events that wait for their next attempt, or behind another of their order.
    package let parked: Int64
    /// Those of them that go on without an operator: behind no open dead letter.
    package let retrying: Int64
    /// Events decided and not in the log yet.
    package let unpublished: Int64
    /// Calls to the outside without a final response.
    package let openCalls: Int64
    /// Orders of which an event is an open dead letter here, at most `maximumHeldOrders`.
    package let heldOrders: [OrderID]
    /// Own events that were handed in raw, for a test.
    package let injected: Int64
    /// Open letters, of whatever group.
    package let letters: Int64
    /// The largest groups of open letters, at most `maximumGroups`.
    package let groups: [Group]

    package static let maximumGroups = 20
    package static let maximumHeldOrders = 1000

    package init(_ card: ServiceCard, _ db: Database) throws {
        service = card.name
        positions = try card.topics.map { topic in
            Reading(
                topic: topic.name, nextOffset: Int64(clamping: try ConsumerPositions.load(topic, db)?.nextOffset ?? 0))
        }
        parked = try Int64.fetchOne(try db.cachedStatement(sql: "SELECT count(*) FROM parked")) ?? 0
        // The partial index dead_letters_by_subject holds the open ones alone.
        letters =
            try Int64.fetchOne(
                try db.cachedStatement(sql: "SELECT count(*) FROM dead_letters WHERE state = 'open'")) ?? 0
        groups = try Self.groups(card.name, db)
        func count(_ sql: String) throws -> Int64 { try Int64.fetchOne(try db.cachedStatement(sql: sql)) ?? 0 }
        retrying =
            parked == 0
            ? 0
            : try count(
                """
                SELECT count(*) FROM parked
                WHERE subject NOT IN (SELECT subject FROM dead_letters WHERE state = 'open')
                """)
        unpublished = try count("SELECT sum(next_sequence - 1 - published_sequence) FROM outbox_topics")
        openCalls = try count("SELECT count(*) FROM intents WHERE state = 'open'")
        injected = try count("SELECT count(*) FROM injected")
        // A letter about another letter holds no order up.
        heldOrders =
            letters == 0
            ? []
            : try String.fetchAll(
                try db.cachedStatement(
                    sql: """
                        SELECT DISTINCT subject FROM dead_letters WHERE state = 'open' AND type <> ?
                        ORDER BY subject LIMIT ?
                        """), arguments: [V1.EventDeadLettered.type, Self.maximumHeldOrders]
            ).compactMap { OrderID($0) }
    }

    private static func groups(_ service: ServiceName, _ db: Database) throws -> [Group] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT signature, type, count(*), min(died_at), max(died_at) FROM dead_letters WHERE state = 'open'
                GROUP BY signature, type ORDER BY count(*) DESC, min(died_at) LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: [maximumGroups]).map { row in
            let cell = Cells(row, of: "dead_letters")
            let group = DeadLetterGroup(service: service, signature: try cell(0), type: try cell(1))
            return Group(
                id: group.id, signature: group.signature, type: group.type, letters: try cell(2),
                first: try cell(3), last: try cell(4))
        }
    }
}

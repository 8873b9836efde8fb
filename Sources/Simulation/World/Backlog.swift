import Contracts
import Delivery
import EventLog
import GRDB

/// What a service has not done yet.
struct Backlog {
    private(set) var lines: [String] = []
    /// Events that it has not read.
    private(set) var lag: UInt64 = 0

    init(of node: ServiceNode, ends: [Topic: UInt64]) throws {
        let name = node.card.name.rawValue
        let counts = try node.database.read { db in
            for topic in node.card.topics {
                let position = try ConsumerPositions.load(topic, db)?.nextOffset ?? 0
                let end = ends[topic] ?? 0
                guard position < end else { continue }
                lag += end - position
                lines.append("\(name) has read \(position) of \(end) in \(topic)")
            }
            return try Row.fetchOne(
                try db.cachedStatement(
                    sql: """
                        SELECT (SELECT coalesce(sum(next_sequence - published_sequence - 1), 0) FROM outbox_topics)
                                AS unsent,
                            (SELECT count(*) FROM parked) AS parked,
                            (SELECT count(*) FROM dead_letters WHERE state = 'open') AS dead,
                            (SELECT count(*) FROM intents WHERE state = 'open') AS calls
                        """))
        }
        for (column, words) in [
            ("unsent", "events in its outbox"), ("parked", "events parked"), ("dead", "open dead letters"),
            ("calls", "calls without an answer"),
        ] {
            let count = counts.flatMap { Int(cell: $0[column]) } ?? 0
            if count > 0 { lines.append("\(name) has \(count) \(words)") }
        }
    }
}

/// A fault of SQLite's, and whether the simulated disk explains it.
protocol DatabaseFailure: Error {
    var isOfTheDisk: Bool { get }
}

extension DatabaseError: DatabaseFailure {
    var isOfTheDisk: Bool {
        [.SQLITE_IOERR, .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_INTERRUPT, .SQLITE_ABORT].contains(resultCode)
    }
}

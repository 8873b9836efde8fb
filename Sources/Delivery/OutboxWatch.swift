import Contracts
import EventLog
import Foundation
import GRDB

/// Looks each second how old the oldest event is that is not in the log yet: a gauge, and an alarm where it is too old.
///
/// *Why*: an outbox that nobody empties looks like a quiet shop. *If broken*: orders wait for hours, and the first to
/// notice is a customer.
package final class OutboxWatch {
    private let node: ServiceNode
    private let limit: Duration
    private var nextLook: MonotonicTime

    package static let period = Duration.seconds(1)

    /// - Parameter limit: the age from which on the service says that its outbox stands.
    package init(node: ServiceNode, limit: Duration) {
        self.node = node
        self.limit = limit
        nextLook = node.clock.monotonic()
    }

    /// Runs until cancelled or a fatal fault.
    package func run(_ loops: ServiceLoops) async throws {
        // Nobody rings: the time alone wakes it.
        try await loops.run("outbox watch", bell: Doorbell()) { try turn() }
    }

    package func turn() throws -> Consumer.Turn {
        let now = node.clockHistory.read()
        guard now.monotonic >= nextLook else { return .idle(until: nextLook) }
        let age = try oldest().map { node.clockHistory.age(of: $0, at: now) } ?? .zero
        node.metrics.oldestUnsent(age)
        node.stands(
            "outbox",
            because: age < limit ? nil : "its oldest event has waited for the log for \(age.components.seconds) s")
        nextLook = now.monotonic + Self.period
        return .idle(until: nextLook)
    }

    /// When the oldest unsent event was written; rows of one topic are in the order of their writing.
    private func oldest() throws -> Timestamp? {
        try node.database.read { db in
            let rows = try Data.fetchAll(
                try db.cachedStatement(
                    sql: """
                        SELECT (SELECT event FROM outbox WHERE outbox.topic = outbox_topics.topic
                            AND sequence > published_sequence ORDER BY sequence LIMIT 1)
                        FROM outbox_topics
                        WHERE next_sequence > published_sequence + 1
                        """))
            // Bytes that are no event, as an operator may inject, have no time.
            return rows.compactMap { try? EventCoding.decode([UInt8]($0)).time }.min()
        }
    }
}

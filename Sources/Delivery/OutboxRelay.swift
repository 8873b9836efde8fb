package import Contracts
package import EventLog
import Foundation
import GRDB

/// Takes what the outbox holds for one topic to the log, in order, each event once.
///
/// *Guarantee*: an event committed to the outbox reaches the log exactly once. *Why it holds*: sequences are gapless, and
/// the log takes a sequence it knows with the same bytes for done and refuses other bytes; so after a crash between append
/// and mark the batch is simply appended again. *If broken*: a reserved order is never charged, or charged by two events.
package final class OutboxRelay {
    private let node: ServiceNode
    private let topic: Topic
    private let writer: any TopicWriter
    private var published: UInt64

    /// Events an append at most.
    package static let batchEvents = 1024

    /// Becomes the writer of the topic.
    ///
    /// - Throws: `OutboxMismatch` where log and database belong to different histories; `LogError`.
    package init(topic: Topic, node: ServiceNode, log: any EventLog) throws {
        self.topic = topic
        self.node = node
        writer = try log.openWriter(of: topic)
        let inLog = writer.lastSequence
        do {
            published = try node.database.read { db in
                let row = try Row.fetchOne(
                    db, sql: "SELECT next_sequence, published_sequence FROM outbox_topics WHERE topic = ?",
                    arguments: [topic.name])
                let cell = row.map { Cells($0, of: "outbox_topics") }
                let next: UInt64 = try cell.map { try $0(0) } ?? 1
                let marked: UInt64 = try cell.map { try $0(1) } ?? 0
                guard inLog >= marked, inLog < next else {
                    throw OutboxMismatch(
                        topic: topic, inLog: inLog, marked: marked, nextSequence: next, database: node.database.path)
                }
                try Self.checkRows(from: marked + 1, before: next, topic, node, db)
                return marked
            }
        } catch {
            writer.close()
            throw error
        }
    }

    /// Whether the outbox holds every event that was made and is not known to be in the log: no more, no fewer.
    ///
    /// - Throws: `OutboxGap`.
    private static func checkRows(
        from first: UInt64, before next: UInt64, _ topic: Topic, _ node: ServiceNode, _ db: Database
    ) throws {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT sequence FROM outbox WHERE topic = ? AND sequence >= ? ORDER BY sequence",
            arguments: [topic.name, Int64(clamping: first)])
        var expected = first
        while let row = try rows.next() {
            let sequence: UInt64 = try Cells(row, of: "outbox")(0)
            guard sequence == expected, sequence < next else {
                throw OutboxGap(topic: topic, expected: expected, found: sequence, database: node.database.path)
            }
            expected += 1
        }
        guard expected == next else {
            throw OutboxGap(topic: topic, expected: expected, found: nil, database: node.database.path)
        }
    }

    /// Publishes one batch; false where there is nothing to publish.
    ///
    /// - Throws: `OutboxGap`, `LogError`, or the database's error; nothing is lost by calling again.
    package func turn() throws -> Bool {
        let events: [[UInt8]]
        do {
            events = try node.database.read(nextEvents)
        } catch let gap as OutboxGap {
            // Rows that whoever replaced this writer has published and pruned are no gap: the writer says so, if that is it.
            try writer.append([], firstSequence: published + 1)
            throw gap
        }
        guard !events.isEmpty else { return false }
        let end = published + UInt64(events.count)
        #if MUTANTS
            if Mutant.markedBeforeAppend.isOn { try node.database.transaction { try Self.mark(end, topic, $0) } }
        #endif
        let start = node.clock.monotonic()
        try writer.append(events, firstSequence: published + 1)
        let duration = node.clock.monotonic() - start
        try node.database.transaction { db in try Self.mark(end, topic, db) }
        published = end
        node.metrics.published(events.count, to: topic, in: duration)
        node.tracing.sent(events, to: topic)
        return true
    }

    package func close() {
        writer.close()
    }

    private func nextEvents(_ db: Database) throws -> [[UInt8]] {
        let rows = try Row.fetchCursor(
            try db.cachedStatement(
                sql: """
                    SELECT sequence, event FROM outbox WHERE topic = ? AND sequence > ?
                    ORDER BY sequence LIMIT \(Self.batchEvents)
                    """),
            arguments: [topic.name, Int64(published)])
        var events: [[UInt8]] = []
        while let row = try rows.next() {
            let expected = published + UInt64(events.count) + 1
            let sequence: UInt64 = try Cells(row, of: "outbox")(0)
            guard sequence == expected else {
                throw OutboxGap(topic: topic, expected: expected, found: sequence, database: node.database.path)
            }
            events.append(try row.withUnsafeData(atIndex: 1) { data in [UInt8](data ?? Data()) })
        }
        return events
    }

    /// Moves the mark and prunes what lies below it: one batch at a time, so the bites stay small.
    private static func mark(_ sequence: UInt64, _ topic: Topic, _ db: Database) throws {
        let move = try db.cachedStatement(sql: "UPDATE outbox_topics SET published_sequence = ? WHERE topic = ?")
        try move.execute(arguments: [Int64(sequence), topic.name])
        let prune = try db.cachedStatement(sql: "DELETE FROM outbox WHERE topic = ? AND sequence <= ?")
        try prune.execute(arguments: [topic.name, Int64(sequence)])
    }
}

/// The log and the outbox do not belong together: one of them lost data or is an old copy.
package struct OutboxMismatch: Error, CustomStringConvertible {
    package let topic: Topic
    package let inLog: UInt64
    package let marked: UInt64
    package let nextSequence: UInt64
    package let database: String

    package var description: String {
        if inLog < marked {
            return "topic \(topic) ends at sequence \(inLog), but \(database) published up to \(marked): "
                + "the log lost data. Restore the topic's files; nothing was changed"
        }
        return "topic \(topic) holds sequence \(inLog), but \(database) has only made \(max(nextSequence, 1) - 1): "
            + "the database is an old copy. Restore the newer one; nothing was changed"
    }
}

/// Rows of the outbox are gone that were never published.
package struct OutboxGap: Error, CustomStringConvertible {
    package let topic: Topic
    package let expected: UInt64
    /// Nil where nothing follows.
    package let found: UInt64?
    package let database: String

    package var description: String {
        "the outbox of \(database) holds \(found.map { "sequence \($0)" } ?? "nothing") of topic \(topic) where sequence "
            + "\(expected) is due: unpublished events were removed or added. Restore the database; nothing was published past the gap"
    }
}

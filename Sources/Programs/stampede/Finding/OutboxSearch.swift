import Contracts
import Delivery
import Foundation
import GRDB

/// Finds an order's rows in an outbox, also where a million others wait with them.
struct OutboxSearch {
    private let order: WantedOrder
    private let outboxes: [Topic: ServiceRecords.Outbox]
    private let times: [Timestamp]

    /// - Parameter times: of the order's events that the service has decided.
    init(_ order: OrderID, _ outboxes: [Topic: ServiceRecords.Outbox], times: [Timestamp]) {
        self.order = WantedOrder(order)
        self.outboxes = outboxes
        self.times = times
    }

    func rows(_ db: Database) throws -> [ServiceRecords.Unpublished] {
        var found: [ServiceRecords.Unpublished] = []
        for (topic, outbox) in outboxes.sorted(by: { $0.key.name < $1.key.name }) {
            let published = outbox.publishedSequence
            let last = try last(topic, db)
            let sequences = published + 1..<max(published, last) + 1  // both are those of cells: below 2^63
            var seen: Set<UInt64> = []
            for range in try ranges(sequences, topic, db) {
                try look(range, topic, db) { sequence, envelope in
                    guard seen.insert(sequence).inserted else { return }
                    found.append(
                        ServiceRecords.Unpublished(
                            topic: topic, envelope: envelope, before: sequence - published - 1))
                }
            }
        }
        return found
    }

    /// All rows where they are few, else those around the times.
    private func ranges(_ sequences: Range<UInt64>, _ topic: Topic, _ db: Database) throws -> [Range<UInt64>] {
        if sequences.count <= TopicSearch.window { return [sequences] }
        return try times.map { time in
            let place = try ByTime.lowerBound(of: time, in: sequences) { try self.time($0, topic, db) }
            return place..<min(sequences.upperBound, place + TopicSearch.window)
        }
    }

    private func look(
        _ range: Range<UInt64>, _ topic: Topic, _ db: Database, _ body: (UInt64, Envelope) -> Void
    ) throws {
        let rows = try Row.fetchCursor(
            db,
            sql:
                "SELECT sequence, event FROM outbox WHERE topic = ? AND sequence >= ? AND sequence < ? ORDER BY sequence",
            arguments: [topic.name, Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound)])
        while let row = try rows.next() {
            let cell = Cells(row, of: "outbox")
            let (sequence, event): (UInt64, [UInt8]) = (try cell(0), try cell(1))
            guard event.withUnsafeBytes({ EventHead($0)?.belongs(to: order) ?? false }) else { continue }
            // Damaged bytes are the relay's to complain of.
            if let envelope = try? EventCoding.decode(event) { body(sequence, envelope) }
        }
    }

    private func time(_ sequence: UInt64, _ topic: Topic, _ db: Database) throws -> Timestamp? {
        let event = try Data.fetchOne(
            db, sql: "SELECT event FROM outbox WHERE topic = ? AND sequence >= ? ORDER BY sequence LIMIT 1",
            arguments: [topic.name, Int64(clamping: sequence)])
        return event.flatMap { [UInt8]($0).withUnsafeBytes { EventHead($0)?.time } }
    }

    private func last(_ topic: Topic, _ db: Database) throws -> UInt64 {
        let last = try Int64.fetchOne(
            db, sql: "SELECT max(sequence) FROM outbox WHERE topic = ?", arguments: [topic.name])
        return UInt64(max(0, last ?? 0))
    }
}

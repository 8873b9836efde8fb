import Contracts
import Delivery
import Foundation
import GRDB

/// What one service's database holds of an order.
///
/// *Guarantee*: each table is asked by a key or an index, so that an order among a million is found as fast as among ten.
struct ServiceRecords: Sendable {
    /// An event that is decided and waits in the outbox.
    struct Unpublished {
        let topic: Topic
        let envelope: Envelope
        /// Rows that go to the log before it.
        let before: UInt64
    }

    /// How far a topic's outbox has come.
    struct Outbox {
        let nextSequence: UInt64
        let publishedSequence: UInt64

        var waiting: UInt64 { nextSequence > publishedSequence ? nextSequence - 1 - publishedSequence : 0 }
    }

    let service: ServiceName
    /// Known better by what the rows say than before they were read.
    private(set) var ids: TrailIDs
    /// Rows by what they are: `order`, `reservation`, `payment`, …
    private(set) var rows: [(name: String, records: [JSONValue])] = []
    private(set) var parked: [JSONValue] = []
    private(set) var deadLetters: [JSONValue] = []
    /// What operators did with the letters.
    private(set) var actions: [JSONValue] = []
    /// Events that were applied as nothing.
    private(set) var anomalies: [JSONValue] = []
    /// Calls to the outside, with or without an answer.
    private(set) var calls: [JSONValue] = []
    private(set) var unpublished: [Unpublished] = []
    private(set) var outboxes: [Topic: Outbox] = [:]
    /// Where events of the order lie in the log, or may lie.
    private(set) var places: [(topic: Topic, offset: UInt64)] = []
    /// Nil while the service's consumer is not paused.
    private(set) var paused: ConsumerPause?
    /// Next offset by topic.
    private(set) var positions: [String: UInt64] = [:]

    var isEmpty: Bool {
        rows.allSatisfy(\.records.isEmpty) && parked.isEmpty && deadLetters.isEmpty && calls.isEmpty
            && unpublished.isEmpty
    }

    func rows(_ name: String) -> [JSONValue] { rows.first { $0.name == name }?.records ?? [] }
    func first(_ name: String) -> JSONValue? { rows(name).first }

    // MARK: - Reading

    /// Nil where the service never had a database.
    ///
    /// - Throws: `Failure.unreadable`.
    static func read(_ service: ServiceName, _ ids: TrailIDs, _ data: DataDirectory) throws -> ServiceRecords? {
        try Evidence.read(data.database(of: service)) { try ServiceRecords(service, ids, $0) }
    }

    private init(_ service: ServiceName, _ ids: TrailIDs, _ db: Database) throws {
        self.service = service
        self.ids = ids
        for (name, sql) in OrderRows.tables(of: service) {
            rows.append((name, try Evidence.records(db, sql, [Data(ids.order.bytes)])))
        }
        learn()
        let desk = try DeskRows(self.ids, db)
        parked = desk.parked
        deadLetters = desk.deadLetters
        actions = desk.actions
        anomalies = desk.anomalies
        calls = try OrderRows.calls(ids.order, db)
        paused = try ConsumerPause.read(db)
        for row in try Row.fetchAll(db, sql: "SELECT topic, next_offset FROM consumer_positions") {
            let cell = Cells(row, of: "consumer_positions")
            positions[try cell(0)] = try cell(1)
        }
        for row in try Row.fetchAll(db, sql: "SELECT topic, next_sequence, published_sequence FROM outbox_topics") {
            let cell = Cells(row, of: "outbox_topics")
            outboxes[Topic(try cell(0))] = Outbox(nextSequence: max(1, try cell(1)), publishedSequence: try cell(2))
        }
        unpublished = try OutboxSearch(ids.order, outboxes, times: ownTimes).rows(db)
        places = try EventPlaces(self.ids, db).all + desk.places
    }

    /// Ids that only rows tell: those of events that no other event caused.
    private mutating func learn() {
        let asked = first("order")?["cancellationRequestedAt"] ?? first("cancellationRequest")?["requestedAt"]
        if let time = asked?.text.flatMap({ Timestamp($0) }) { ids.addRequest(at: time) }
        if let report = first("stuckReport"), let time = report["lastAt"]?.text.flatMap({ Timestamp($0) }) {
            ids.addStuckReport(report["reports"]?.whole ?? 1, at: time)
        }
    }

    /// Times of events that the service decided, as its rows tell them.
    private var ownTimes: [Timestamp] {
        var hints = OrderHints([])
        hints.add(rowsOf: self)
        return hints.times.values.flatMap(\.self).sorted()
    }
}

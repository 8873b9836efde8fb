import Contracts

/// What the databases say of where an order's events lie: places, and times to look around.
struct OrderHints {
    /// Offsets by topic, exact.
    private(set) var places: [Topic: Set<UInt64>] = [:]
    /// Times of events on a topic, of which the place is not known.
    private(set) var times: [Topic: Set<Timestamp>] = [:]

    init(_ records: [ServiceRecords]) {
        for record in records {
            for place in record.places { places[place.topic, default: []].insert(place.offset) }
            add(rowsOf: record)
            for letter in record.deadLetters {
                for column in ["diedAt", "settledAt"] { add(letter[column], to: record.service.deadLetterTopic) }
            }
            for action in record.actions { add(action["at"], to: record.service.deadLetterTopic) }
        }
        // Analytics may know what the owner's database has forgotten, or lost.
        for facts in records.flatMap({ $0.rows("facts") }) {
            for column in ["createdAt", "outcomeAt"] { add(facts[column], to: .orders) }
        }
        // A refund's outcome took the place of the first one in Order's row; that one followed the payment.
        for payment in records.flatMap({ $0.rows("payment") }) where payment["refundedAt"]?.text != nil {
            add(payment["settledAt"], to: .orders)
        }
        // What waits in an outbox is not in the log.
        for event in records.flatMap(\.unpublished) { times[event.topic]?.remove(event.envelope.time) }
    }

    /// What a service's own rows say of its own events.
    mutating func add(rowsOf record: ServiceRecords) {
        for (name, columns) in Self.columns[record.service] ?? [:] {
            for row in record.rows(name) {
                for column in columns { add(row[column], to: record.service.topic) }
            }
        }
    }

    /// Rows by the times in them that are times of the service's own events.
    private static let columns: [ServiceName: [String: [String]]] = [
        .order: ["order": ["createdAt", "updatedAt", "cancellationRequestedAt"]],
        .inventory: ["reservation": ["decidedAt", "releasedAt"]],
        .payment: ["payment": ["settledAt", "refundedAt"]],
        .notification: ["notification": ["at"]],
        .analytics: ["stuckReport": ["lastAt"]],
    ]

    private mutating func add(_ value: JSONValue?, to topic: Topic) {
        if let time = value?.text.flatMap({ Timestamp($0) }) { times[topic, default: []].insert(time) }
    }
}

import Contracts
import EventLog
import Foundation
import GRDB

/// What a transaction of a service adds to its outbox and its intents, on top of its own rows.
///
/// One lives as long as one SQLite transaction. Sequence counters are read once and written back by `finish`.
final class DeliveryTransaction {
    fileprivate struct Counter {
        var next: UInt64
        var isDirty = false
    }

    let db: Database
    private let card: ServiceCard
    private let facts: [String: OwnFact]
    private var counters: [Topic: Counter] = [:]
    private(set) var newIntents: [Intent] = []
    private(set) var anomalies: [Anomaly] = []
    /// Of what was done with traced events, to be recorded once it is committed.
    private(set) var spans: [EventSpan] = []
    /// Where the event that is handled stands in the log.
    var place: (topic: Topic, offset: UInt64)?

    /// An event that cannot follow, applied as nothing.
    struct Anomaly {
        let event: Envelope
        let text: String
    }

    init(_ db: Database, _ card: ServiceCard, _ facts: [String: OwnFact]) {
        self.db = db
        self.card = card
        self.facts = facts
    }

    /// What a savepoint must restore besides the rows.
    struct Mark {
        fileprivate let counters: [Topic: Counter]
        fileprivate let intents: Int
        fileprivate let anomalies: Int
        fileprivate let spans: Int
    }

    func mark() -> Mark {
        Mark(counters: counters, intents: newIntents.count, anomalies: anomalies.count, spans: spans.count)
    }

    func add(_ span: EventSpan?) {
        if let span { spans.append(span) }
    }

    func restore(_ mark: Mark) {
        #if MUTANTS
            if Mutant.savepointRestoresRowsAlone.isOn { return }
        #endif
        counters = mark.counters
        newIntents.removeLast(newIntents.count - mark.intents)
        anomalies.removeLast(anomalies.count - mark.anomalies)
        spans.removeLast(spans.count - mark.spans)
    }

    // MARK: - What a decision asks for

    /// Applies and records what an event led to.
    func carryOut(_ outgoing: [Outgoing], cause: Envelope, recordedAt: Timestamp) throws {
        try carryOut(outgoing, cause: cause, recordedAt: recordedAt) { type, ordinal in
            DerivedID.event(cause: cause.id, service: card.name, type: type, ordinal: ordinal)
        }
    }

    /// Applies and records what a command led to.
    func carryOut(_ outgoing: [Outgoing], command: Command) throws {
        let origin = Envelope(
            id: EventID(high: 0, low: 0), source: card.name.source, type: "command", subject: command.key,
            time: command.at,
            correlationID: command.correlationID, traceparent: command.traceparent, data: [])
        try carryOut(outgoing, cause: origin, isCommand: true, recordedAt: command.at) { type, ordinal in
            DerivedID.event(command: command, service: card.name, type: type, ordinal: ordinal)
        }
    }

    private func carryOut(
        _ outgoing: [Outgoing], cause: Envelope, isCommand: Bool = false, recordedAt: Timestamp,
        id: (String, Int) -> EventID
    ) throws {
        let source = card.name.source
        let traceparent =
            isCommand ? cause.traceparent : TraceContext.text(after: cause, in: card.name, source: source)
        var ordinals: [String: Int] = [:]
        for item in outgoing {
            switch item {
            case .event(let payload, let subject):
                let type = Swift.type(of: payload).type
                let ordinal = ordinals[type, default: 0]
                ordinals[type] = ordinal + 1
                #if MUTANTS
                    if Mutant.siblingsShareAnID.isOn { ordinals[type] = 0 }
                #endif
                let envelope = Envelope(
                    id: id(type, ordinal), source: source, type: type, subject: subject, time: recordedAt,
                    correlationID: cause.correlationID, causationID: isCommand ? nil : cause.id,
                    traceparent: traceparent,
                    data: try payload.encoded())
                guard let fact = facts[type] else {
                    throw EventFault.brokenRule("\(card.name.rawValue) emits \(type), which its card does not name")
                }
                try fact.applyValue(envelope, payload, recordedAt, db)
                _ = try enqueue(try EventCoding.encode(envelope), to: card.name.topic)
            case .call(let request):
                guard let asker = request.cause ?? (isCommand ? nil : cause) else {
                    throw EventFault.brokenRule("the call \(request.key) names no event that its answer belongs to")
                }
                try record(request, cause: asker, at: recordedAt)
            case .anomaly(let text):
                guard !isCommand else { throw EventFault.brokenRule("a command is no anomaly: \(text)") }
                try record(anomaly: text, in: cause, at: recordedAt)
            }
        }
    }

    /// Says something about a dead letter on the service's dead-letter topic; returns what was said.
    @discardableResult
    func announce(_ news: some EventPayload, _ about: Announcement) throws -> Envelope {
        let type = Swift.type(of: news).type
        let announcement = Envelope(
            id: DerivedID.event(cause: about.letter, service: card.name, type: type, ordinal: about.ordinal),
            source: card.name.source, type: type, subject: about.subject,
            time: max(about.now, about.of?.time ?? about.now),
            correlationID: about.of?.correlationID ?? about.letter.rebound(), causationID: about.of?.id,
            traceparent: about.trace, data: try news.encoded())
        _ = try enqueue(try EventCoding.encode(announcement), to: card.name.deadLetterTopic)
        return announcement
    }

    /// Appends bytes to the service's own topic as they are; the record says who wanted it.
    ///
    /// - Returns: its sequence.
    func inject(_ event: [UInt8], by actor: Actor, at now: Timestamp) throws -> UInt64 {
        let sequence = try enqueue(event, to: card.name.topic)
        let id = try? EventCoding.decode(event).id  // bytes that are no event have none
        try db.execute(
            sql: "INSERT INTO injected (topic, sequence, event_id, at, actor) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                card.name.topic.name, Int64(sequence), id.map { Data($0.bytes) }, now.microseconds, actor.name,
            ])
        return sequence
    }

    // MARK: - Rows

    /// - Returns: the event's sequence in the topic.
    private func enqueue(_ event: [UInt8], to topic: Topic) throws -> UInt64 {
        var counter = try counters[topic] ?? Counter(next: Self.nextSequence(topic, db))
        let statement = try db.cachedStatement(sql: "INSERT INTO outbox (topic, sequence, event) VALUES (?, ?, ?)")
        try statement.execute(arguments: [topic.name, Int64(counter.next), Data(event)])
        let sequence = counter.next
        counter.next += 1
        counter.isDirty = true
        counters[topic] = counter
        return sequence
    }

    private static func nextSequence(_ topic: Topic, _ db: Database) throws -> UInt64 {
        let row = try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT next_sequence FROM outbox_topics WHERE topic = ?"),
            arguments: [topic.name])
        return try row.map { try Cells($0, of: "outbox_topics")(0) } ?? 1
    }

    private func record(_ request: CallRequest, cause: Envelope, at time: Timestamp) throws {
        var head = cause
        head.data = []
        let intent = Intent(
            key: request.key, kind: request.kind, subject: request.subject, cause: head, request: request.body,
            deadline: request.deadline, recordedAt: time)
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO intents (key, kind, subject, cause, request, deadline, state, recorded_at)
                VALUES (?, ?, ?, ?, ?, ?, 'open', ?)
                """)
        try statement.execute(arguments: [
            intent.key, intent.kind, intent.subject, Data(try EventCoding.encode(head)), Data(intent.request),
            intent.deadline?.microseconds, time.microseconds,
        ])
        newIntents.append(intent)
    }

    private func record(anomaly text: String, in event: Envelope, at time: Timestamp) throws {
        anomalies.append(Anomaly(event: event, text: text))
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO anomalies (event_id, topic, offset, subject, type, text, at) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """)
        try statement.execute(arguments: [
            Data(event.id.bytes), place?.topic.name ?? "", Int64(place?.offset ?? 0), event.subject, event.type, text,
            time.microseconds,
        ])
    }

    /// Writes the counters back; call it last. True where the outbox has new rows.
    func finish() throws -> Bool {
        var fillsOutbox = false
        for (topic, counter) in counters where counter.isDirty {
            fillsOutbox = true
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO outbox_topics (topic, next_sequence, published_sequence) VALUES (?, ?, 0)
                    ON CONFLICT (topic) DO UPDATE SET next_sequence = excluded.next_sequence
                    """)
            try statement.execute(arguments: [topic.name, Int64(counter.next)])
        }
        return fillsOutbox
    }
}

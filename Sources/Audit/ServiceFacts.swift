import Contracts
import EventLog
import GRDB

/// What a service's delivery tables say: what it read, what it still has to say, what it set aside.
struct ServiceFacts {
    let service: ServiceName
    /// Next offset by topic; a topic without a row was never read.
    var positions: [Topic: Position] = [:]
    var inbox: [Topic: [Entry]] = [:]
    /// Inbox ids that were pruned, by topic: how many, and the id that all of them are below.
    var pruned: [Topic: Pruned] = [:]
    var desk = DeskFacts()
    /// Who paused the consumer and why; nil while it reads.
    var pause: String?
    /// Without an answer.
    var intents: [Intent] = []
    /// Own topics: the sequence that the next event gets, and the last one known to be in the log.
    var counters: [Topic: Counter] = [:]
    var outbox: [Topic: [Unpublished]] = [:]

    struct Entry {
        let id: EventID
        let topic: Topic
        let offset: UInt64
    }

    struct Pruned {
        let ids: UInt64
        let below: EventID
    }

    struct Intent {
        let key: String
        let kind: String
        let subject: String
        /// The event that made the service call.
        let cause: EventID?

        /// A message to the operator: about no order, and settled without an event.
        var isAlert: Bool { key.hasPrefix("alert:") }
    }

    struct Counter {
        var next: UInt64
        var published: UInt64
    }

    struct Unpublished {
        let sequence: UInt64
        let event: Envelope?
        let digest: EventDigest
    }

    func position(in topic: Topic) -> UInt64 { positions[topic]?.nextOffset ?? 0 }

    /// Whether the event at an offset of the service's own topic was in its database when that was read.
    func hasWritten(_ topic: Topic, offset: UInt64) -> Bool {
        // Sequences count from 1, offsets from 0.
        offset + 1 < (counters[topic]?.next ?? 1)
    }

    init(of service: ServiceName, in db: Database) throws {
        self.service = service
        try db.forEachRow("SELECT topic, next_offset, token FROM consumer_positions") { row in
            positions[Topic(row[0])] = Position(nextOffset: row[1], token: row.bytes(2))
        }
        try readInbox(db)
        desk = try DeskFacts(db)
        try readPause(db)
        try db.forEachRow("SELECT key, kind, subject, cause FROM intents WHERE state = 'open'") { row in
            let cause = (try? EventCoding.decode(row.bytes(3)))?.id  // nil: `OpenCalls` says so
            intents.append(Intent(key: row[0], kind: row[1], subject: row[2], cause: cause))
        }
        counters = try Self.counters(db)
        try db.forEachRow("SELECT topic, sequence, event FROM outbox ORDER BY topic, sequence") { row in
            let bytes = row.bytes(2)
            let event = try? EventCoding.decode(bytes)  // nil is reported by invariant 6
            outbox[Topic(row[0]), default: []].append(
                Unpublished(sequence: row[1], event: event, digest: EventDigest(bytes[...])))
        }
    }

    static func counters(_ db: Database) throws -> [Topic: Counter] {
        var counters: [Topic: Counter] = [:]
        try db.forEachRow("SELECT topic, next_sequence, published_sequence FROM outbox_topics") { row in
            counters[Topic(row[0])] = Counter(next: row[1], published: row[2])
        }
        return counters
    }

    private mutating func readInbox(_ db: Database) throws {
        var topics: [String: Topic] = [:]
        try db.forEachRow("SELECT event_id, topic, offset FROM inbox") { row in
            let entry = try Entry(row)
            let topic = topics[entry.topic.name] ?? entry.topic
            topics[topic.name] = topic
            inbox[topic, default: []].append(entry)
        }
        try db.forEachRow("SELECT topic, ids, below FROM inbox_pruned") { row in
            let topic = Topic(row[0])
            guard let below: EventID = row.identifier(2) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "inbox_pruned.below of \(topic) is not 16 bytes")
            }
            pruned[topic] = Pruned(ids: row[1], below: below)
        }
    }

    private mutating func readPause(_ db: Database) throws {
        try db.forEachRow("SELECT actor, reason FROM consumer_pause") { row in
            let (actor, reason): (String?, String?) = (row[0], row[1])
            pause = "paused by \(actor ?? "somebody"): \(reason ?? "no reason given")"
        }
    }
}

extension ServiceFacts.Entry {
    /// - Parameter row: begins with event id, topic and offset.
    init(_ row: Row) throws {
        guard let id: EventID = row.identifier(0) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an event id that is not 16 bytes")
        }
        self.init(id: id, topic: Topic(row[1]), offset: row[2])
    }
}

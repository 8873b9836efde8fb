import Contracts
import EventLog
import FileEventLog
import Foundation
import GRDB
import TestSupport

/// A shop in miniature that leaves real evidence: log files, databases, ledger, journal and mailbox, written in the order
/// in which the services write them, one small step at a time, so that a test can stop anywhere and doctor anything.
///
/// Written from the design alone; it shares no code with the services, but for the messages (ShopMail.swift).
final class Shop {
    let directory: String
    let writers: [Topic: any TopicWriter]
    let databases: [ServiceName: DatabaseQueue]
    let gateway: DatabaseQueue
    /// What is in the log.
    var log: [Topic: [Envelope]] = [:]
    /// Microseconds since 1970.
    var clock: Int64 = 1_800_000_000_000_000
    var random: SeededRandom
    var books = Books()
    /// What Notification says of the messages it sends; the message's own id unless another is given.
    var said: (channel: String, messageID: String?) = ("mbox", nil)
    private var serial: UInt64 = 0
    /// How many events of a type a cause led to.
    var ordinals: [String: Int] = [:]
    private let locks: [Int32]

    /// What the miniature services remember, so that they need no queries.
    struct Books {
        var orders: [OrderID: PlacedOrder] = [:]
        var reserved: Set<OrderID> = []
        var available: [String: Int64] = [:]
        var paid: [OrderID: (intent: String, amount: Money)] = [:]
        var cancellations: [OrderID: Envelope] = [:]
        var calls: [Call] = []
        var journal: [(order: OrderID, key: String, total: Money)] = []
    }

    struct PlacedOrder {
        var lines: [OrderLine]
        var total: Money
        var status = "pending"
        var key: String
    }

    /// A call to the outside, on record.
    struct Call {
        enum Stage { case recorded, answered }
        let service: ServiceName
        let key: String
        let order: OrderID
        let cause: Envelope
        var stage = Stage.recorded
        var settle: ((Shop, Database, inout [Envelope]) throws -> Void)?
    }

    init(seed: UInt64 = 1, segmentBytes: UInt64 = 1 << 14) throws {
        random = SeededRandom(seed: seed)
        var template = Array((NSTemporaryDirectory() + "/stampede-audit-tests-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw ShopError("no temporary directory") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for folder in ["log", "sale", "mail", "db/payment-gateway"] + ServiceName.allCases.map({ "db/\($0.rawValue)" })
        {
            try FileManager.default.createDirectory(atPath: directory + "/" + folder, withIntermediateDirectories: true)
        }
        let files = FileEventLog(
            directory: directory + "/log", options: FileEventLog.Options(segmentBytes: segmentBytes),
            now: { Timestamp(microseconds: 0) }, randomBytes: { [UInt8](repeating: 7, count: $0) })
        var writers: [Topic: any TopicWriter] = [:]
        for service in ServiceName.allCases {
            for topic in [service.topic, service.deadLetterTopic] { writers[topic] = try files.openWriter(of: topic) }
        }
        self.writers = writers
        var databases: [ServiceName: DatabaseQueue] = [:]
        for service in ServiceName.allCases {
            databases[service] = try Self.open(
                directory + "/db/\(service.rawValue)/\(service.rawValue).db", ShopSchemas.delivery,
                ShopSchemas.tables(service))
        }
        self.databases = databases
        gateway = try Self.open(directory + "/db/payment-gateway/payment-gateway.db", ShopSchemas.ledger)
        // Each owner holds the lock on its directory.
        locks = (ServiceName.allCases.map(\.rawValue) + ["payment-gateway"]).map { [directory] name in
            let descriptor = Foundation.open("\(directory)/db/\(name)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            _ = flock(descriptor, LOCK_EX | LOCK_NB)
            return descriptor
        }
    }

    static func open(_ path: String, _ schemas: String...) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in for schema in schemas { try db.execute(sql: schema) } }
        return queue
    }

    /// A clean stop: databases closed, locks released.
    func stop() throws {
        for writer in writers.values { writer.close() }
        for queue in databases.values { try queue.close() }
        try gateway.close()
        for lock in locks { close(lock) }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: directory)  // the system clears what stays
    }

    // MARK: - Events

    func tick() -> Int64 {
        clock += 1000
        return clock
    }

    func newID<Owner>(_: Owner.Type = Owner.self) -> Identifier<Owner> {
        serial += 1
        return .version7(at: Timestamp(microseconds: clock), randomBits: (serial, serial &* 0x9E37_79B9_7F4A_7C15))
    }

    // MARK: - One transaction, and what comes after it

    struct Place {
        let topic: Topic
        let offset: UInt64
    }

    /// The one transaction in which a service does what an event asks of it.
    func transact(
        _ service: ServiceName, consuming place: Place? = nil, _ body: (Database, inout [Envelope]) throws -> Void
    ) throws {
        try databases[service]?.write { db in
            var made: [Envelope] = []
            try body(db, &made)
            for event in made {
                let isAboutLetter = Self.letterTypes.contains(event.type)
                try put(
                    try EventCoding.encode(event), in: isAboutLetter ? service.deadLetterTopic : service.topic, db)
            }
            if let place { try setPosition(place.offset + 1, in: place.topic, db) }
        }
    }

    private static let letterTypes = [
        V1.EventDeadLettered.type, V1.DeadLetterRedriven.type, V1.DeadLetterEdited.type, V1.DeadLetterDiscarded.type,
    ]

    /// Into the outbox; returns the sequence.
    @discardableResult
    func put(_ bytes: [UInt8], in topic: Topic, _ db: Database) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO outbox_topics VALUES (?1, 1, 0) ON CONFLICT DO NOTHING", arguments: [topic.name])
        try db.execute(
            sql: "INSERT INTO outbox SELECT topic, next_sequence, ?2 FROM outbox_topics WHERE topic = ?1",
            arguments: [topic.name, Data(bytes)])
        try db.execute(
            sql: "UPDATE outbox_topics SET next_sequence = next_sequence + 1 WHERE topic = ?", arguments: [topic.name])
        return try Int64.fetchOne(
            db, sql: "SELECT next_sequence - 1 FROM outbox_topics WHERE topic = ?", arguments: [topic.name]) ?? 0
    }

    func setPosition(_ next: UInt64, in topic: Topic, _ db: Database) throws {
        try db.execute(
            sql:
                "INSERT INTO consumer_positions VALUES (?, ?, x'') ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
            arguments: [topic.name, Int64(next)])
    }

    func markApplied(_ id: EventID, _ place: Place, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO inbox VALUES (?, ?, ?)",
            arguments: [Data(id.bytes), place.topic.name, Int64(place.offset)])
    }

    /// The relay: appends what waits in the outbox, then moves the mark.
    @discardableResult
    func publish(_ service: ServiceName) throws -> Bool {
        guard let queue = databases[service] else { return false }
        var didWork = false
        for topic in [service.topic, service.deadLetterTopic] {
            let rows = try queue.read { db in
                try Row.fetchAll(
                    db, sql: "SELECT sequence, event FROM outbox WHERE topic = ? ORDER BY sequence",
                    arguments: [topic.name])
            }
            guard let first = rows.first, let last = rows.last else { continue }
            let events = rows.map { [UInt8]($0[1] as Data) }
            try writers[topic]?.append(events, firstSequence: UInt64(first[0] as Int64))
            log[topic, default: []] += events.map { (try? EventCoding.decode($0)) ?? Self.noEvent($0) }
            try queue.write { db in
                try db.execute(
                    sql: "UPDATE outbox_topics SET published_sequence = ? WHERE topic = ?",
                    arguments: [last[0] as Int64, topic.name])
                try db.execute(
                    sql: "DELETE FROM outbox WHERE topic = ? AND sequence <= ?",
                    arguments: [topic.name, last[0] as Int64])
            }
            didWork = true
        }
        return didWork
    }
}

struct ShopError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Logging
import Synchronization
import Testing
import TestSupport

/// One service with everything around it in the test's hands: its card, a database in a temporary file, a log in memory,
/// a clock that the test moves, randomness from a seed. No processes, no threads.
///
/// Several harnesses on one `log` and one `clock` are several services.
final class ServiceHarness {
    static let start = Timestamp("2026-03-01T12:00:00Z") ?? Timestamp(microseconds: 0)

    let card: ServiceCard
    let log: InMemoryEventLog
    let clock: ManualClock
    let randomness: SeededRandomness
    let directory: TemporaryDirectory
    private(set) var node: ServiceNode
    private(set) var consumer: Consumer
    private(set) var operators: OperatorQueue
    private var relays: [OutboxRelay]
    private let foreign: ForeignTopics
    /// Further parts of the service (a runner of calls, a timer): each does one turn and says whether it did anything.
    var parts: [() throws -> Bool] = []

    init(
        _ card: ServiceCard, log: InMemoryEventLog = InMemoryEventLog(),
        clock: ManualClock = ManualClock(ServiceHarness.start),
        seed: UInt64 = 1
    ) throws {
        self.card = card
        self.log = log
        self.clock = clock
        randomness = SeededRandomness(seed: seed)
        directory = try TemporaryDirectory()
        foreign = ForeignTopics(log: log)
        operators = OperatorQueue(bell: Doorbell())
        (node, consumer, relays) = try Self.open(card, directory, log, clock, randomness, operators)
    }

    private static func open(
        _ card: ServiceCard, _ directory: TemporaryDirectory, _ log: InMemoryEventLog, _ clock: ManualClock,
        _ randomness: SeededRandomness, _ operators: OperatorQueue
    ) throws -> (ServiceNode, Consumer, [OutboxRelay]) {
        let database = try ServiceDatabase(path: "\(directory.path)/\(card.name.rawValue).db")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let node = try ServiceNode(card: card, database: database, clock: clock, logger: logger)
        let consumer = try Consumer(node: node, log: log, randomness: randomness, operators: operators)
        let relays = try [card.name.topic, card.name.deadLetterTopic].map {
            try OutboxRelay(topic: $0, node: node, log: log)
        }
        return (node, consumer, relays)
    }

    /// As after a `kill -9` and a start: what was committed is there, everything else is gone, `parts` included.
    func restart() throws {
        parts = []
        for relay in relays { relay.close() }
        try node.database.close()
        operators = OperatorQueue(bell: Doorbell())
        (node, consumer, relays) = try Self.open(card, directory, log, clock, randomness, operators)
    }

    // MARK: - Events

    /// Puts an event onto a topic as its owner would. Without an id, one made of the clock and the seed.
    @discardableResult
    func emit(
        _ payload: some EventPayload, subject: String, on topic: Topic, id: EventID? = nil, at time: Timestamp? = nil,
        correlation: CorrelationID? = nil, causedBy cause: EventID? = nil
    ) throws -> Envelope {
        let at = time ?? clock.now()
        let envelope = Envelope(
            id: id ?? .version7(at: at, randomBits: (randomness.next(), randomness.next())), source: "/test/\(topic)",
            type: Swift.type(of: payload).type, subject: subject, time: at,
            correlationID: correlation ?? OrderID(subject)?.rebound() ?? CorrelationID(high: 0, low: 0),
            causationID: cause,
            data: try payload.encoded())
        try emit(envelope, on: topic)
        return envelope
    }

    @discardableResult
    func emit(
        _ payload: some EventPayload, order: OrderID, on topic: Topic, id: EventID? = nil, at time: Timestamp? = nil,
        causedBy cause: EventID? = nil
    ) throws -> Envelope {
        try emit(payload, subject: order.description, on: topic, id: id, at: time, causedBy: cause)
    }

    /// The same bytes again are a second delivery at another offset.
    func emit(_ envelope: Envelope, on topic: Topic) throws {
        try emit(bytes: try EventCoding.encode(envelope), on: topic)
    }

    func emit(bytes: [UInt8], on topic: Topic) throws {
        try foreign.append(bytes, to: topic)
    }

    func newOrderID() -> OrderID {
        .version7(at: clock.now(), randomBits: (randomness.next(), randomness.next()))
    }

    /// Everything on a topic, in order.
    func events(_ topic: Topic) throws -> [Envelope] {
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        return try reader.read(maximumEvents: .max, maximumBytes: .max).map { try EventCoding.decode($0.bytes) }
    }

    /// The events of one type on a topic, in order, with their subjects.
    func payloads<Payload: EventPayload>(_: Payload.Type, on topic: Topic) throws -> [(
        subject: String, payload: Payload
    )] {
        try events(topic).filter { $0.type == Payload.type }.map { ($0.subject, try Payload.decoded(from: $0.data)) }
    }

    // MARK: - The desk

    /// Gives up on the letters, and returns what came of each.
    func discard(_ ids: [EventID]) async throws -> [LetterOutcome.Outcome] {
        let actor = try #require(Actor("ann"))
        let asking = Task { [operators] in
            try await operators.submit(.discard(ids, reason: "a test", by: actor))
        }
        let isDone = Mutex(false)
        let watching = Task {
            _ = await asking.result
            isDone.withLock { $0 = true }
        }
        while !isDone.withLock({ $0 }) {
            _ = try consumer.turn()
            await Task.yield()
        }
        await watching.value
        guard case .letters(let outcomes) = try await asking.value else { return [] }
        try runUntilIdle()
        return outcomes.map(\.outcome)
    }

    // MARK: - Turns

    /// One turn of everything; false where nothing was to be done.
    func turn() throws -> Bool {
        var worked = false
        if try consumer.turn() == .worked { worked = true }
        for part in parts where try part() { worked = true }
        for relay in relays where try relay.turn() { worked = true }
        return worked
    }

    /// Until there is nothing left to do at this time.
    func runUntilIdle(turns limit: Int = 10_000) throws {
        for _ in 0..<limit where try !turn() { return }
        throw NeverIdle(service: card.name.rawValue, turns: limit)
    }

    // MARK: - Rows

    func rows(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Row] {
        try node.database.read { try Row.fetchAll($0, sql: sql, arguments: arguments) }
    }

    func count(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try node.database.read { try Int.fetchOne($0, sql: sql, arguments: arguments) ?? 0 }
    }

    /// The card's domain tables as text, a line a row: what a digest covers.
    func domain() throws -> [String] {
        try node.database.read { try Self.domain(of: card, $0) }
    }

    /// The same after a rebuild from the log, the topics interleaved event by event as the seed says.
    func rebuiltDomain(seed: UInt64) throws -> [String] {
        let extent = try node.database.read { try Rebuild.Extent(card: card, live: $0) }
        let random = SeededRandomness(seed: seed)
        return try DatabaseQueue().inDatabase { db in
            try Rebuild(card: card, log: log).run(into: db, extent: extent, eventsPerPick: 1 + random.below(4)) {
                random.below($0)
            }
            return try Self.domain(of: card, db)
        }
    }

    private static func domain(of card: ServiceCard, _ db: Database) throws -> [String] {
        try card.digest.flatMap { table in
            let columns = table.columns.joined(separator: ", ")
            let key = table.key.joined(separator: ", ")
            return try Row.fetchAll(db, sql: "SELECT \(columns) FROM \(table.table) ORDER BY \(key)").map { row in
                "\(table.table) "
                    + zip(row.columnNames, row.databaseValues).map { "\($0)=\($1)" }.joined(separator: " ")
            }
        }
    }
}

/// A service that finds work for ever: its parts make work for each other.
struct NeverIdle: Error, CustomStringConvertible {
    let service: String
    let turns: Int

    var description: String { "\(service) still works after \(turns) turns" }
}

/// The writers of the topics that a test speaks on.
private final class ForeignTopics {
    private let log: InMemoryEventLog
    private var writers: [Topic: any TopicWriter] = [:]

    init(log: InMemoryEventLog) {
        self.log = log
    }

    func append(_ event: [UInt8], to topic: Topic) throws {
        let writer = try writers[topic] ?? log.openWriter(of: topic)
        writers[topic] = writer
        try writer.append([event], firstSequence: writer.lastSequence + 1)
    }
}

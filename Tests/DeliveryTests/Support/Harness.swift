import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Logging
import Synchronization
import Testing
import TestSupport
import Tracing

/// One service with everything around it in the test's hands: database in a temporary file, log in memory, a clock that the
/// test moves, faults on demand.
final class Harness {
    static let start = Timestamp(microseconds: 1_900_000_000_000_000)

    let card: ServiceCard
    let faults: Faults
    let log: FaultyLog
    let clock: ManualClock
    let randomness: SeededRandomness
    let limits: Consumer.Limits
    private let tracer: (any Tracer)?
    let watch = ManualDeathWatch()
    private let bell = Doorbell()
    private(set) var operators: OperatorQueue
    let directory: TemporaryDirectory
    private(set) var node: ServiceNode
    private(set) var consumer: Consumer
    private(set) var relays: [OutboxRelay]
    private var writers: [Topic: any TopicWriter] = [:]

    init(
        _ makeCard: (Faults) -> ServiceCard = World.inventory, log: FaultyLog = FaultyLog(),
        clock: ManualClock = ManualClock(Harness.start), seed: UInt64 = 1, batch: Int = 512,
        directory: TemporaryDirectory? = nil, tracer: (any Tracer)? = nil,
        limits change: (inout Consumer.Limits) -> Void = { _ in }
    ) throws {
        faults = Faults()
        card = makeCard(faults)
        self.log = log
        self.clock = clock
        randomness = SeededRandomness(seed: seed)
        var limits = Consumer.Limits()
        limits.batchEvents = batch
        change(&limits)
        self.limits = limits
        self.tracer = tracer
        self.directory = try directory ?? TemporaryDirectory()
        operators = OperatorQueue(bell: bell)
        (node, consumer, relays) = try Self.open(
            card, self.directory, log, clock, randomness, limits, watch, operators, tracer)
    }

    private static func open(
        _ card: ServiceCard, _ directory: TemporaryDirectory, _ log: FaultyLog, _ clock: ManualClock,
        _ randomness: SeededRandomness, _ limits: Consumer.Limits, _ watch: ManualDeathWatch,
        _ operators: OperatorQueue, _ tracer: (any Tracer)?
    ) throws -> (ServiceNode, Consumer, [OutboxRelay]) {
        let node = try makeNode(card, "\(directory.path)/\(card.name.rawValue).db", clock, tracer)
        let consumer = try Consumer(
            node: node, log: log, randomness: randomness, limits: limits, watch: watch, operators: operators)
        return (node, consumer, try makeRelays(node, log))
    }

    static func makeNode(
        _ card: ServiceCard, _ path: String, _ clock: ManualClock, _ tracer: (any Tracer)? = nil
    ) throws -> ServiceNode {
        let database = try ServiceDatabase(path: path)
        // Whoever holds the lock in a test holds it for the whole test.
        try database.read { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try ServiceNode(card: card, database: database, clock: clock, logger: logger, tracer: tracer)
    }

    static func makeRelays(_ node: ServiceNode, _ log: FaultyLog) throws -> [OutboxRelay] {
        try [node.card.name.topic, node.card.name.deadLetterTopic].map {
            try OutboxRelay(topic: $0, node: node, log: log)
        }
    }

    /// As after a `kill -9` and a start: what was committed is there, everything else is gone.
    func restart() throws {
        consumer.close()
        for relay in relays { relay.close() }
        try node.database.close()
        operators = OperatorQueue(bell: bell)
        (node, consumer, relays) = try Self.open(
            card, directory, log, clock, randomness, limits, watch, operators, tracer)
    }

    // MARK: - Operators

    /// Asks, and takes turns until the answer is there.
    func ask(_ request: OperatorRequest) async throws -> OperatorReply {
        let answer = Mutex<Result<OperatorReply, any Error>?>(nil)
        let asking = Task { [operators] in
            do {
                let reply = try await operators.submit(request)
                answer.withLock { $0 = .success(reply) }
            } catch {
                answer.withLock { $0 = .failure(error) }
            }
        }
        try await eventually("an answer from the desk") {
            _ = try consumer.turn()
            return answer.withLock { $0 != nil }
        }
        await asking.value
        for relay in relays { while try relay.turn() {} }
        guard let result = answer.withLock({ $0 }) else { throw Broken("no answer") }
        return try result.get()
    }

    func outcomes(_ request: OperatorRequest) async throws -> [LetterOutcome.Outcome] {
        guard case .letters(let outcomes) = try await ask(request) else { throw Broken("no letters in the answer") }
        return outcomes.map(\.outcome)
    }

    var path: String { node.database.path }

    // MARK: - Events

    @discardableResult
    func emit(
        _ payload: some EventPayload, _ subject: String, on topic: Topic = .orders, at time: Timestamp? = nil,
        type: String? = nil, twinOf: EventID? = nil
    ) throws -> Envelope {
        let time = time ?? clock.now()
        let envelope = Envelope(
            id: .version7(at: time, randomBits: (randomness.next(), randomness.next())), source: "/test",
            type: type ?? Swift.type(of: payload).type, subject: subject, time: time,
            correlationID: CorrelationID(high: 7, low: 7), twinOf: twinOf, data: try payload.encoded())
        try emit(envelope, on: topic)
        return envelope
    }

    /// The same envelope again is a second delivery at another offset.
    func emit(_ envelope: Envelope, on topic: Topic = .orders) throws {
        try emit(bytes: try EventCoding.encode(envelope), on: topic)
    }

    func emit(bytes: [UInt8], on topic: Topic = .orders) throws {
        let writer = try writers[topic] ?? log.inner.openWriter(of: topic)
        writers[topic] = writer
        try writer.append([bytes], firstSequence: writer.lastSequence + 1)
    }

    func raw(_ topic: Topic) throws -> [[UInt8]] {
        let reader = try log.inner.openReader(of: topic, from: nil)
        return try reader.read(maximumEvents: .max, maximumBytes: .max).map { Array($0.bytes) }
    }

    func events(_ topic: Topic) throws -> [Envelope] {
        try raw(topic).map { try EventCoding.decode($0) }
    }

    func deadLetters() throws -> [V1.EventDeadLettered] {
        try events(card.name.deadLetterTopic).filter { $0.type == V1.EventDeadLettered.type }
            .map { try V1.EventDeadLettered.decoded(from: $0.data) }
    }

    // MARK: - Turns

    /// One turn of everything; false where nothing was to be done.
    @discardableResult
    func turn() throws -> Bool {
        var worked = try consumer.turn() == .worked
        for relay in relays where try relay.turn() { worked = true }
        return worked
    }

    /// Until there is nothing left to do at this time.
    func run() throws {
        for _ in 0..<10_000 where try !turn() { return }
        throw Broken("\(card.name) still works after 10,000 turns")
    }

    /// On to each next attempt, until nothing is due any more.
    func runOut() throws {
        for _ in 0..<1000 {
            try run()
            guard case .idle(let due?) = try consumer.turn() else { return }
            clock.advance(by: due - clock.monotonic())
        }
        throw Broken("\(card.name) still retries after 1,000 attempts")
    }

    // MARK: - Rows

    func rows(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Row] {
        try node.database.read { try Row.fetchAll($0, sql: sql, arguments: arguments) }
    }

    func count(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try node.database.read { try Int.fetchOne($0, sql: sql, arguments: arguments) ?? -1 }
    }

    func strings(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [String] {
        try node.database.read { try String.fetchAll($0, sql: sql, arguments: arguments) }
    }

    func execute(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        try node.database.read { try $0.execute(sql: sql, arguments: arguments) }
    }

    /// Subjects and types in the order in which they had their effect.
    func journal(_ subject: String? = nil) throws -> [String] {
        try strings(
            "SELECT subject || ' ' || substr(type, 4) FROM journal WHERE subject = coalesce(?, subject) ORDER BY n",
            [subject])
    }

    func digest() throws -> [String] {
        try node.database.read { try Self.digest(card, $0) }
    }

    func rebuiltDigest(seed: UInt64) throws -> [String] {
        let extent = try node.database.read { try Rebuild.Extent(card: card, live: $0) }
        let random = SeededRandomness(seed: seed)
        return try DatabaseQueue().inDatabase { db in
            try Rebuild(card: card, log: log).run(into: db, extent: extent, eventsPerPick: 1 + random.below(4)) {
                random.below($0)
            }
            return try Self.digest(card, db)
        }
    }

    private static func digest(_ card: ServiceCard, _ db: Database) throws -> [String] {
        try card.digest.flatMap { table in
            try Row.fetchAll(
                db, sql: "SELECT \(table.columns.joined(separator: ", ")) FROM \(table.table) ORDER BY \(table.key[0])"
            ).map { row in "\(row)" }
        }
    }
}

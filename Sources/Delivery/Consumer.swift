package import Contracts
package import EventLog
import GRDB
import Logging

/// Reads a service's topics and handles each event once: the loop that every service runs.
///
/// A turn takes a batch of events and commits, in one transaction: what they did, what they make (outbox, intents), that
/// they were seen (inbox), and how far was read (position). First without savepoints; if an event throws, the batch is
/// rolled back and run again with one savepoint an event, so that only its own effects are undone.
///
/// Not shared between tasks; its calls block, so it runs off the cooperative pool.
package final class Consumer {
    package struct Limits: Sendable {
        /// Events a transaction.
        package var batchEvents = 512
        package var batchBytes = 1 << 20

        package init() {}
    }

    /// What a turn came to.
    package enum Turn: Equatable, Sendable {
        case worked
        /// Nothing to do before that time, or before the log grows.
        case idle(until: Timestamp?)
    }

    private let node: ServiceNode
    private let topics: [Topic]
    private let subscriptions: [Topic: [String: Subscription]]
    private let subscribedNames: [Topic: Set<Substring>]
    private let policy: RetryPolicy
    private let limits: Limits
    private let randomness: any Randomness
    private let metrics: DeliveryMetrics

    private var readers: [any TopicReader] = []
    private var parking = Parking()
    private var batch: [LoggedEvent] = []
    private var firstTopic = 0

    package init(
        node: ServiceNode, log: any EventLog, randomness: any Randomness, policy: RetryPolicy = RetryPolicy(), limits: Limits = Limits()
    ) throws {
        self.node = node
        self.randomness = randomness
        self.policy = policy
        self.limits = limits
        topics = node.card.topics
        metrics = node.metrics
        subscriptions = Dictionary(grouping: node.card.subscriptions, by: \.topic).mapValues { list in
            Dictionary(uniqueKeysWithValues: list.map { ($0.type, $0) })
        }
        subscribedNames = subscriptions.mapValues { Set($0.keys.map(Self.name)) }
        var positions: [Position?] = []
        (positions, parking) = try node.database.read { db in
            var parking = Parking()
            try parking.reload(db)
            return (try topics.map { try ConsumerPositions.load($0, db) }, parking)
        }
        readers = try zip(topics, positions).map { try log.openReader(of: $0, from: $1) }
    }

    // MARK: - Turns

    /// One turn: due retries, then one batch.
    ///
    /// - Throws: only for faults of the environment (nothing has changed; call again later) and fatal ones.
    package func turn() throws -> Turn {
        let now = node.clock.now()
        if parking.isDue(at: now) {
            try retryDue(now)
            return .worked
        }
        if batch.isEmpty { try fill() }
        guard !batch.isEmpty else { return .idle(until: parking.nextDue) }
        try commitBatch()
        batch = []
        return .worked
    }

    /// Takes events from each topic in turn, beginning with another one every time.
    private func fill() throws {
        var room = limits.batchEvents
        for step in topics.indices {
            let reader = readers[(firstTopic + step) % topics.count]
            let events = try reader.read(maximumEvents: room, maximumBytes: limits.batchBytes)
            batch += events
            room -= events.count
            if room <= 0 { break }
        }
        firstTopic = (firstTopic + 1) % max(1, topics.count)
    }

    private func commitBatch() throws {
        do {
            try node.transaction { transaction in
                for event in batch { try handle(event, transaction) }
                try storePositions(transaction.db)
            }
        } catch {
            switch Fault.classify(error) {
            case .environment, .fatal: throw error
            case .permanent, .event: try commitOneByOne()
            }
        }
        metrics.handled(batch.count)
    }

    private func commitOneByOne() throws {
        try node.transaction { transaction in
            for event in batch {
                let now = node.clock.now()
                try inSavepoint(transaction) {
                    try handle(event, transaction)
                } onFault: { fault in
                    try setAside(event, fault, now, transaction)
                }
                // What was set aside holds up the rest of its subject from the next event on.
                try parking.reload(transaction.db)
            }
            try storePositions(transaction.db)
        } onRollback: { db in
            try parking.reload(db)
        }
    }

    private func storePositions(_ db: Database) throws {
        for (topic, reader) in zip(topics, readers) where batch.contains(where: { $0.topic == topic }) {
            try ConsumerPositions.store(reader.position, of: topic, db)
        }
    }

    // MARK: - One event

    /// Everything one event does, or a throw.
    private func handle(_ logged: LoggedEvent, _ transaction: DeliveryTransaction) throws {
        let envelope = try EventCoding.decode(logged.bytes)
        guard let subscription = try subscription(for: envelope, logged.topic) else { return metrics.skipped() }
        if parking.subjects.contains(envelope.subject) {
            guard try !Inbox.contains(envelope.id, transaction.db), try !Parking.holds(envelope.id, transaction.db) else {
                return metrics.duplicate()
            }
            metrics.parked()
            return try Parking.park(logged, id: envelope.id, subject: envelope.subject, failure: nil, transaction.db)
        }
        try apply(logged, envelope, subscription, transaction)
    }

    private func apply(
        _ logged: LoggedEvent, _ envelope: Envelope, _ subscription: Subscription, _ transaction: DeliveryTransaction
    ) throws {
        guard try Inbox.insert(envelope.id, logged, transaction.db) else { return metrics.duplicate() }
        let recordedAt = max(node.clock.now(), envelope.time)
        let outgoing = try subscription.handle(envelope, recordedAt, transaction.db)
        try transaction.carryOut(outgoing, cause: envelope, recordedAt: recordedAt)
    }

    /// Nil for a type that the service does not subscribe to.
    private func subscription(for envelope: Envelope, _ topic: Topic) throws -> Subscription? {
        if let subscription = subscriptions[topic]?[envelope.type] { return subscription }
        if envelope.twinOf == nil, subscribedNames[topic]?.contains(Self.name(envelope.type)) == true {
            throw EventFault.unknownVersion("\(envelope.type) \(envelope.id) is of a version that this program does not know")
        }
        return nil
    }

    /// `OrderCreated` of `v1.OrderCreated`.
    private static func name(_ type: String) -> Substring {
        type.split(separator: ".", maxSplits: 1).last ?? ""
    }

    // MARK: - Faults

    private func inSavepoint(
        _ transaction: DeliveryTransaction, _ body: () throws -> Void, onFault: (Fault) throws -> Void
    ) throws {
        let mark = transaction.mark()
        do {
            try transaction.db.inSavepoint {
                try body()
                return .commit
            }
        } catch {
            transaction.restore(mark)
            let fault = Fault.classify(error)
            switch fault {
            case .environment, .fatal: throw error
            case .permanent, .event: try onFault(fault)
            }
        }
    }

    /// First failure of an event: parked for its next attempt, or buried where no attempt can heal it.
    private func setAside(_ logged: LoggedEvent, _ fault: Fault, _ now: Timestamp, _ transaction: DeliveryTransaction) throws {
        let envelope = try? EventCoding.decode(logged.bytes)  // bytes that are no event are buried without one
        let id = envelope?.id ?? DerivedID.unreadable(topic: logged.topic, offset: logged.offset, at: now)
        switch fault {
        case .event(let kind, let text) where policy.attempts > 1:
            let next = now + policy.delay(afterAttempt: 1, randomness)
            node.logger.warning("an event failed, next attempt follows", metadata: node.place(logged, envelope, text))
            metrics.retried()
            try Parking.park(
                logged, id: id, subject: envelope?.subject ?? DeadLetters.unreadableSubject(logged),
                failure: (kind, text, next, now), transaction.db)
        case .event(let kind, let text), .permanent(let kind, let text):
            try bury(logged, id: id, envelope, kind, text, attempts: 1, first: now, now, transaction)
        case .environment, .fatal:
            preconditionFailure("a fault of the environment belongs to no event")
        }
    }

    private func bury(
        _ logged: LoggedEvent, id: EventID, _ envelope: Envelope?, _ kind: String, _ text: String, attempts: Int, first: Timestamp,
        _ now: Timestamp, _ transaction: DeliveryTransaction
    ) throws {
        node.logger.error("an event is dead", metadata: node.place(logged, envelope, text))
        metrics.buried()
        try DeadLetters.bury(
            logged, id: id, envelope: envelope, kind: kind, error: text, attempts: attempts, firstFailedAt: first, now: now,
            service: node.card.name, transaction)
    }

    // MARK: - Retries

    private func retryDue(_ now: Timestamp) throws {
        try node.transaction { transaction in
            for parked in try parking.due(at: now, transaction.db) {
                try inSavepoint(transaction) {
                    let envelope = try EventCoding.decode(parked.logged.bytes)
                    if let subscription = try subscription(for: envelope, parked.logged.topic) {
                        try apply(parked.logged, envelope, subscription, transaction)
                    }
                    try Parking.release(parked, now: now, transaction.db)
                } onFault: { fault in
                    try failedAgain(parked, fault, now, transaction)
                }
            }
            try parking.reload(transaction.db)
        } onRollback: { db in
            try parking.reload(db)
        }
    }

    private func failedAgain(_ parked: Parking.Parked, _ fault: Fault, _ now: Timestamp, _ transaction: DeliveryTransaction) throws {
        let attempts = parked.attempts + 1
        switch fault {
        case .event(let kind, let text) where attempts < policy.attempts:
            let next = now + policy.delay(afterAttempt: attempts, randomness)
            metrics.retried()
            try Parking.postpone(parked, kind: kind, text: text, until: next, now: now, transaction.db)
        case .event(let kind, let text), .permanent(let kind, let text):
            try transaction.db.execute(sql: "DELETE FROM parked WHERE arrival = ?", arguments: [parked.arrival])
            let envelope = try? EventCoding.decode(parked.logged.bytes)  // bytes that are no event are buried without one
            try bury(
                parked.logged, id: parked.id, envelope, kind, text, attempts: attempts, first: parked.firstFailedAt ?? now, now,
                transaction)
        case .environment, .fatal:
            preconditionFailure("a fault of the environment belongs to no event")
        }
    }
}

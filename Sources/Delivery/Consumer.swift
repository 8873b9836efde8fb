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
    /// False after a rollback: what the transaction noted of it may not be so.
    private var parkingIsKnown = true
    /// Taken from the log and not committed yet; kept over a fault of the environment.
    private var batch: [LoggedEvent] = []
    private var batchTopics: [Int] = []
    private var firstTopic = 0
    /// Since the start, committed turns only.
    package private(set) var counts = ConsumerCounts()
    private var turnCounts = ConsumerCounts()

    package init(
        node: ServiceNode, log: any EventLog, randomness: any Randomness, policy: RetryPolicy = RetryPolicy(),
        limits: Limits = Limits()
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
        readers = try zip(topics, positions).map {
            try log.openReader(of: $0, from: $1 ?? Position(nextOffset: 0, token: []))
        }
    }

    package func close() {
        for reader in readers { reader.close() }
    }

    // MARK: - Turns

    /// One turn: due retries, then one batch, so that neither keeps the other waiting.
    ///
    /// - Throws: only for faults of the environment (nothing has changed; call again later) and fatal ones.
    package func turn() throws -> Turn {
        if !parkingIsKnown {
            try node.database.read { db in try parking.reload(db) }
            parkingIsKnown = true
        }
        let now = node.clock.now()
        let retries = parking.isDue(at: now)
        if retries { try retryDue(now) }
        if batch.isEmpty { try fill() }
        if batch.isEmpty { return retries ? .worked : .idle(until: parking.nextDue) }
        try commitBatch()
        batch.removeAll(keepingCapacity: true)
        batchTopics.removeAll(keepingCapacity: true)
        return .worked
    }

    /// Takes events from each topic in turn, beginning with another one every time.
    private func fill() throws {
        var room = limits.batchEvents
        for step in topics.indices where room > 0 {
            let index = (firstTopic + step) % topics.count
            let events = try readers[index].read(maximumEvents: room, maximumBytes: limits.batchBytes)
            guard !events.isEmpty else { continue }
            batch += events
            batchTopics.append(index)
            room -= events.count
        }
        firstTopic = (firstTopic + 1) % max(1, topics.count)
    }

    private func commitBatch() throws {
        do {
            try transact { transaction in
                for event in batch { try handle(event, transaction) }
                try storePositions(transaction.db)
            }
        } catch {
            switch Fault.classify(error) {
            case .environment, .fatal: throw error
            case .permanent, .event: try commitOneByOne()
            }
        }
    }

    private func commitOneByOne() throws {
        try transact { transaction in
            try parking.reload(transaction.db)
            for event in batch {
                let counted = turnCounts
                try inSavepoint(transaction) {
                    try handle(event, transaction)
                } onFault: { fault in
                    turnCounts = counted
                    try setAside(event, fault, node.clock.now(), transaction)
                }
            }
            try storePositions(transaction.db)
        }
        parkingIsKnown = true
    }

    private func storePositions(_ db: Database) throws {
        for index in batchTopics {
            try ConsumerPositions.store(readers[index].position, of: topics[index], db)
        }
    }

    /// One transaction; what is counted in it counts once it is committed.
    private func transact(_ body: (DeliveryTransaction) throws -> Void) throws {
        turnCounts = ConsumerCounts()
        do {
            try node.transaction(body)
        } catch {
            parkingIsKnown = false
            throw error
        }
        counts += turnCounts
        metrics.add(turnCounts)
    }

    // MARK: - One event

    /// What the service has to do with a type on a topic.
    private enum Interest {
        case handled(Subscription)
        /// Of a type that it handles, in a version that this program does not know.
        case unknownVersion
        case none
    }

    /// Everything one event does, or a throw.
    private func handle(_ logged: LoggedEvent, _ transaction: DeliveryTransaction) throws {
        guard isSubscribed(try EventCoding.type(of: logged.bytes), logged.topic) else {
            return turnCounts.skipped += 1
        }
        let envelope = try EventCoding.decode(logged.bytes)
        let interest = interest(in: envelope, logged.topic)
        if case .none = interest { return turnCounts.skipped += 1 }
        if parking.hasRows, try Parking.holds(envelope.id, transaction.db) { return turnCounts.duplicates += 1 }
        if parking.subjects.contains(envelope.subject) {
            if try Inbox.contains(envelope.id, transaction.db) { return turnCounts.duplicates += 1 }
            turnCounts.parked += 1
            return try Parking.park(logged, id: envelope.id, subject: envelope.subject, failure: nil, transaction.db)
        }
        try apply(logged, envelope, interest, transaction)
    }

    private func apply(
        _ logged: LoggedEvent, _ envelope: Envelope, _ interest: Interest, _ transaction: DeliveryTransaction
    ) throws {
        switch interest {
        case .none:
            turnCounts.skipped += 1
        case .unknownVersion:
            throw EventFault.unknownVersion(
                "\(envelope.type) \(envelope.id) is of a version that this program does not know")
        case .handled(let subscription):
            guard try isNew(envelope, logged, transaction.db) else { return turnCounts.duplicates += 1 }
            let recordedAt = max(node.clock.now(), envelope.time)
            let outgoing = try subscription.handle(envelope, recordedAt, transaction.db)
            try transaction.carryOut(outgoing, cause: envelope, recordedAt: recordedAt)
            turnCounts.handled += 1
        }
    }

    /// Notes the event in the inbox; false where it was there. The same fact in another version counts as the same event.
    private func isNew(_ envelope: Envelope, _ logged: LoggedEvent, _ db: Database) throws -> Bool {
        guard try Inbox.insert(envelope.id, logged, db) else { return false }
        guard let twin = envelope.twinOf else { return true }
        return try !Parking.holds(twin, db) && Inbox.insert(twin, logged, db)
    }

    /// To the type, in this version or another.
    private func isSubscribed(_ type: String, _ topic: Topic) -> Bool {
        subscriptions[topic]?[type] != nil || subscribedNames[topic]?.contains(Self.name(type)) == true
    }

    private func interest(in envelope: Envelope, _ topic: Topic) -> Interest {
        if let subscription = subscriptions[topic]?[envelope.type] { return .handled(subscription) }
        let isOtherVersion = subscribedNames[topic]?.contains(Self.name(envelope.type)) == true
        return isOtherVersion && envelope.twinOf == nil ? .unknownVersion : .none
    }

    /// `OrderCreated` of `v1.OrderCreated`.
    private static func name(_ type: String) -> Substring {
        type.utf8.firstIndex(of: UInt8(ascii: ".")).map { type[type.utf8.index(after: $0)...] } ?? type[...]
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
    private func setAside(_ logged: LoggedEvent, _ fault: Fault, _ now: Timestamp, _ transaction: DeliveryTransaction)
        throws
    {
        let envelope = try? EventCoding.decode(logged.bytes)  // bytes that are no event are buried without one
        let id = envelope?.id ?? DerivedID.unreadable(topic: logged.topic, offset: logged.offset, at: now)
        switch fault {
        case .event(let kind, let text) where policy.attempts > 1:
            let next = now + policy.delay(afterAttempt: 1, randomness)
            node.logger.warning("an event failed, next attempt follows", metadata: node.place(logged, envelope, text))
            turnCounts.failed += 1
            let subject = envelope?.subject ?? DeadLetters.unreadableSubject(logged)
            try Parking.park(logged, id: id, subject: subject, failure: (kind, text, next, now), transaction.db)
            parking.hold(subject, until: next)
        case .event(let kind, let text), .permanent(let kind, let text):
            try bury(logged, id: id, envelope, kind, text, attempts: 1, first: now, now, transaction)
        case .environment, .fatal:
            preconditionFailure("a fault of the environment belongs to no event")
        }
    }

    private func bury(
        _ logged: LoggedEvent, id: EventID, _ envelope: Envelope?, _ kind: String, _ text: String, attempts: Int,
        first: Timestamp,
        _ now: Timestamp, _ transaction: DeliveryTransaction
    ) throws {
        node.logger.error("an event is dead", metadata: node.place(logged, envelope, text))
        turnCounts.buried += 1
        try DeadLetters.bury(
            logged, id: id, envelope: envelope, kind: kind, error: text, attempts: attempts, firstFailedAt: first,
            now: now,
            node, transaction)
        parking.hold(envelope?.subject ?? DeadLetters.unreadableSubject(logged), until: nil)
    }

    // MARK: - Retries

    private func retryDue(_ now: Timestamp) throws {
        try transact { transaction in
            for parked in try parking.due(at: now, transaction.db) {
                let counted = turnCounts
                try inSavepoint(transaction) {
                    let envelope = try EventCoding.decode(parked.logged.bytes)
                    try apply(parked.logged, envelope, interest(in: envelope, parked.logged.topic), transaction)
                    try Parking.release(parked, now: now, transaction.db)
                } onFault: { fault in
                    turnCounts = counted
                    try failedAgain(parked, fault, now, transaction)
                }
            }
            try parking.reload(transaction.db)
        }
    }

    private func failedAgain(
        _ parked: Parking.Parked, _ fault: Fault, _ now: Timestamp, _ transaction: DeliveryTransaction
    ) throws {
        let attempts = parked.attempts + 1
        switch fault {
        case .event(let kind, let text) where attempts < policy.attempts:
            let next = now + policy.delay(afterAttempt: attempts, randomness)
            turnCounts.failed += 1
            try Parking.postpone(parked, kind: kind, text: text, until: next, now: now, transaction.db)
        case .event(let kind, let text), .permanent(let kind, let text):
            try transaction.db.execute(sql: "DELETE FROM parked WHERE arrival = ?", arguments: [parked.arrival])
            // Bytes that are no event are buried without one.
            let envelope = try? EventCoding.decode(parked.logged.bytes)
            try bury(
                parked.logged, id: parked.id, envelope, kind, text, attempts: attempts,
                first: parked.firstFailedAt ?? now, now,
                transaction)
        case .environment, .fatal:
            preconditionFailure("a fault of the environment belongs to no event")
        }
    }
}

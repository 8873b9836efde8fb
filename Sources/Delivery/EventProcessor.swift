import Contracts
import EventLog
import GRDB
import Logging

/// What a service does with one event, in a transaction of its caller: the consumer, a retry, the desk.
struct EventProcessor {
    enum Outcome {
        /// Of a type that the service does not subscribe to.
        case skipped
        /// It had its effects before.
        case duplicate
        case handled
    }

    private let node: ServiceNode
    private let watch: any DeathWatch
    private let subscriptions: [Topic: [String: Subscription]]
    private let subscribedNames: [Topic: Set<Substring>]

    init(node: ServiceNode, watch: any DeathWatch) {
        self.node = node
        self.watch = watch
        subscriptions = Dictionary(grouping: node.card.subscriptions, by: \.topic).mapValues { list in
            Dictionary(uniqueKeysWithValues: list.map { ($0.type, $0) })
        }
        subscribedNames = subscriptions.mapValues { Set($0.keys.map(Subscription.name)) }
    }

    /// To the type, in this version or another.
    func isSubscribed(_ type: String, _ topic: Topic) -> Bool {
        subscriptions[topic]?[type] != nil || subscribedNames[topic]?.contains(Subscription.name(of: type)) == true
    }

    /// Whether `apply` would do or say anything about it. A version that this program does not know concerns it, unless
    /// the event says which other event is the same fact.
    func concerns(_ envelope: Envelope, _ topic: Topic) -> Bool {
        if subscriptions[topic]?[envelope.type] != nil { return true }
        return envelope.twinOf == nil && isSubscribed(envelope.type, topic)
    }

    /// Notes the event in the inbox, handles it, and carries out what follows: all of it, or a throw.
    ///
    /// - Parameter attempt: which one it is, counted from 1.
    /// - Throws: `EventFault`, and whatever the handler throws.
    func apply(
        _ logged: LoggedEvent, _ envelope: Envelope, attempt: Int = 1, _ transaction: DeliveryTransaction
    ) throws -> Outcome {
        guard let subscription = subscriptions[logged.topic]?[envelope.type] else {
            guard concerns(envelope, logged.topic) else { return .skipped }
            throw EventFault.unknownVersion(
                "\(envelope.type) \(envelope.id) is of a version that this program does not know")
        }
        watch.trying(logged.topic, logged.offset)
        defer { watch.idle() }
        guard try isNew(envelope, logged, transaction.db) else { return .duplicate }
        let start = node.clockHistory.read()
        let age = node.clockHistory.age(of: envelope.time, at: start)
        let recordedAt = max(start.wall, envelope.time + age)
        transaction.place = (logged.topic, logged.offset)
        let outgoing = try subscription.handle(
            envelope, HandlingMoment(recordedAt: recordedAt, age: age), transaction.db)
        try transaction.carryOut(outgoing, cause: envelope, recordedAt: recordedAt)
        node.metrics.handled(in: node.clock.monotonic() - start.monotonic)
        node.logger.debug("an event was handled", metadata: node.place(logged, envelope))
        transaction.add(node.tracing.handled(envelope, logged, since: start, attempt: attempt))
        return .handled
    }

    /// The data as the type writes it: what an edit is checked with.
    ///
    /// - Throws: `OperatorRefusal`, `EventFault`.
    func canonicalData(_ envelope: Envelope, _ topic: Topic) throws -> [UInt8] {
        guard let subscription = subscriptions[topic]?[envelope.type] else {
            let known = (subscriptions[topic] ?? [:]).keys.sorted().joined(separator: ", ")
            throw OperatorRefusal(
                "\(node.card.name.rawValue) handles no \(envelope.type) on \(topic); it handles \(known)")
        }
        return try subscription.canonicalData(envelope)
    }

    /// Notes the event in the inbox; false where it was there. The same fact in another version counts as the same event.
    private func isNew(_ envelope: Envelope, _ logged: LoggedEvent, _ db: Database) throws -> Bool {
        guard try Inbox.insert(envelope.id, logged, db) else { return false }
        guard let twin = envelope.twinOf else { return true }
        return try !Parking.holds(twin, db) && Inbox.insert(twin, logged, db)
    }
}

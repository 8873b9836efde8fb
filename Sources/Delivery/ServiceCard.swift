package import Contracts
import EventLog
package import GRDB

/// A service on one page: what it consumes, what its own events do, which tables are its state.
package struct ServiceCard: Sendable {
    package let name: ServiceName
    package internal(set) var subscriptions: [Subscription]
    package let facts: [OwnFact]
    /// What it says instead where the operator gives up on an event; a type that is not named cannot be given up on.
    package let discards: [Discard]
    /// What else follows from an event's death here.
    package let onDeath: @Sendable (V1.EventDeadLettered, Database) throws -> [Outgoing]
    /// Creates the service's own tables where they are missing.
    package let createTables: @Sendable (Database) throws -> Void
    /// The tables that a rebuild makes anew and that must come out the same; reference data is not among them.
    package let digest: [DigestTable]
    /// By which it fails on purpose; see `failing`.
    package internal(set) var testFaults: TestFaults?

    package init(
        name: ServiceName, subscriptions: [Subscription], facts: [OwnFact], discards: [Discard] = [],
        digest: [DigestTable],
        onDeath: @escaping @Sendable (V1.EventDeadLettered, Database) throws -> [Outgoing] = { _, _ in [] },
        createTables: @escaping @Sendable (Database) throws -> Void
    ) {
        precondition(
            !subscriptions.contains { $0.topic == name.deadLetterTopic },
            "\(name) would read what it gave up on, for ever")
        self.name = name
        self.subscriptions = subscriptions
        self.facts = facts
        self.discards = discards
        self.onDeath = onDeath
        self.digest = digest
        self.createTables = createTables
    }

    /// Topics it reads, in a fixed order.
    package var topics: [Topic] {
        subscriptions.reduce(into: []) { topics, subscription in
            if !topics.contains(subscription.topic) { topics.append(subscription.topic) }
        }
    }
}

/// A table that is state: its columns, and the key that orders its rows.
package struct DigestTable: Codable, Sendable {
    package let table: String
    package let columns: [String]
    package let key: [String]

    package init(_ table: String, key: [String], columns: [String]) {
        self.table = table
        self.key = key
        self.columns = columns
    }
}

/// A handler for one event type on one topic, its types erased.
package struct Subscription: Sendable {
    package let topic: Topic
    package let type: String
    let apply: @Sendable (Envelope, Database) throws -> Void
    var handle: @Sendable (Envelope, HandlingMoment, Database) throws -> [Outgoing]
    /// The data as this type writes it; throws where they are none of it.
    let canonicalData: @Sendable (Envelope) throws -> [UInt8]

    package init<Handler: EventHandler>(_ topic: Topic, _ handler: Handler) {
        self.topic = topic
        type = Handler.Payload.type
        apply = { envelope, db in
            try handler.apply(try Self.deliver(envelope), in: db)
        }
        canonicalData = { envelope in
            let event: Delivered<Handler.Payload> = try Self.deliver(envelope)
            return try event.payload.encoded()
        }
        handle = { envelope, moment, db in
            // A rebuild knows the event's own time alone, so that is what a fact is applied with.
            let fact: Delivered<Handler.Payload> = try Self.deliver(envelope)
            try handler.apply(fact, in: db)
            let event = Delivered(
                envelope: envelope, payload: fact.payload, recordedAt: moment.recordedAt, age: moment.age)
            return try handler.decide(event, in: db)
        }
    }

    private static func deliver<Payload>(_ envelope: Envelope) throws -> Delivered<Payload> {
        do {
            return Delivered(
                envelope: envelope, payload: try Payload.decoded(from: envelope.data), recordedAt: envelope.time)
        } catch {
            throw EventFault.undecodable("the data of \(envelope.type) \(envelope.id) cannot be read: \(error)")
        }
    }
}

/// When an event is handled.
package struct HandlingMoment: Sendable {
    /// The later of the clock, and of the event's time and age.
    let recordedAt: Timestamp
    /// Since the event was stamped.
    let age: Duration

    package init(recordedAt: Timestamp, age: Duration) {
        self.recordedAt = recordedAt
        self.age = age
    }
}

extension Subscription {
    /// `OrderCreated` of `v1.OrderCreated`: what the versions of a type share.
    static func name(of type: String) -> Substring {
        type.utf8.firstIndex(of: UInt8(ascii: ".")).map { type[type.utf8.index(after: $0)...] } ?? type[...]
    }
}

/// What a service says instead of an event's effect, where the operator gives up on the event.
///
/// *Why*: others wait for its answer. *If broken*: a discarded reservation holds its stock, and its order, for ever.
package struct Discard: Sendable {
    /// In every version: one that cannot be read is the one that is given up on.
    let name: Substring
    let decide: @Sendable (Envelope, _ recordedAt: Timestamp, Database) throws -> [Outgoing]

    /// - Parameter decide: reads the envelope, whose data may be anything.
    package init<Payload: EventPayload>(
        _: Payload.Type, decide: @escaping @Sendable (Envelope, _ recordedAt: Timestamp, Database) throws -> [Outgoing]
    ) {
        name = Subscription.name(of: Payload.type)
        self.decide = decide
    }
}

/// What one of the service's own event types does to its tables, its types erased.
package struct OwnFact: Sendable {
    package let type: String
    /// From the value, where it was just decided.
    let applyValue: @Sendable (Envelope, any EventPayload, Timestamp, Database) throws -> Void
    /// From the bytes, in a rebuild.
    let applyBytes: @Sendable (Envelope, Database) throws -> Void

    package init<Applier: FactApplier>(_ applier: Applier) {
        type = Applier.Payload.type
        applyValue = { envelope, payload, recordedAt, db in
            guard let payload = payload as? Applier.Payload else {
                preconditionFailure("\(envelope.type) carries a \(Swift.type(of: payload))")
            }
            try applier.apply(Delivered(envelope: envelope, payload: payload, recordedAt: recordedAt), in: db)
        }
        applyBytes = { envelope, db in
            let payload = try Applier.Payload.decoded(from: envelope.data)
            try applier.apply(Delivered(envelope: envelope, payload: payload, recordedAt: envelope.time), in: db)
        }
    }
}

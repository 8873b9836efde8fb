package import Contracts
package import GRDB

/// An event as a handler sees it.
package struct Delivered<Payload: EventPayload>: Sendable {
    package let envelope: Envelope
    package let payload: Payload
    /// The `time` that events decided now will carry: the later of the clock and the cause's time and age. Handlers read no other
    /// clock.
    package let recordedAt: Timestamp
    /// How long ago the event was stamped, whatever the clock was set to since.
    package let age: Duration

    package init(envelope: Envelope, payload: Payload, recordedAt: Timestamp, age: Duration = .zero) {
        self.envelope = envelope
        self.payload = payload
        self.recordedAt = recordedAt
        self.age = age
    }

    package var time: Timestamp { envelope.time }

    /// - Throws: `EventFault.brokenRule` where the subject is no order id.
    package var orderID: OrderID {
        get throws {
            guard let id = envelope.orderID else {
                throw EventFault.brokenRule("the subject '\(envelope.subject)' of \(envelope.type) is not an order id")
            }
            return id
        }
    }
}

/// What a service does with one type of another service's events.
///
/// *Rule*: `apply` writes the foreign fact and decides nothing; `decide` reads, and returns what follows. Neither
/// publishes, calls out or reads a clock. *Why*: the returned events are applied and put into the outbox in the same
/// transaction, so a dual write cannot be written; and a rebuild runs `apply` alone. *If broken*: a crash between two
/// writes leaves an order that no service knows to be unfinished.
package protocol EventHandler<Payload>: Sendable {
    associatedtype Payload: EventPayload

    /// Must commute with every other foreign fact: between topics no order is promised.
    func apply(_ event: Delivered<Payload>, in db: Database) throws

    func decide(_ event: Delivered<Payload>, in db: Database) throws -> [Outgoing]
}

extension EventHandler {
    package func apply(_ event: Delivered<Payload>, in db: Database) throws {}
}

/// How a service's own event changes its rows: no decision, no clock; it comes in the order of the service's topic.
package protocol FactApplier<Payload>: Sendable {
    associatedtype Payload: EventPayload

    func apply(_ fact: Delivered<Payload>, in db: Database) throws
}

/// What a decision asks for.
package enum Outgoing: Sendable {
    /// An own event about `subject`.
    case event(any EventPayload, subject: String)
    /// A call to the outside, made after the commit; see `OutsideCalls`.
    case call(CallRequest)
    /// The event cannot follow, and changes nothing: it is counted and kept, neither dropped nor applied in silence.
    case anomaly(String)

    package static func event(_ payload: some EventPayload, order: OrderID) -> Outgoing {
        .event(payload, subject: order.description)
    }
}

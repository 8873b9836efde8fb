package import Contracts

/// What an operator asks of a service. Carried out by the consumer between two batches, each request in one transaction.
package enum OperatorRequest: Sendable {
    /// Handles the events of open dead letters again, in the order given.
    case retry([EventID], by: Actor)
    /// Gives up on open dead letters; the service says the fact that its card names for the type.
    case discard([EventID], reason: String, by: Actor)
    /// Puts corrected bytes in the place of an open letter's, at this service alone.
    case edit(EventID, Correction, reason: String, by: Actor)
    /// Puts letters of an export onto the desk.
    ///
    /// - force: also those older than the inbox window, of which nobody knows whether they were applied.
    case importLetters([ImportedLetter], force: Bool, by: Actor)
    /// Appends raw events to the service's own topic, through its outbox: for tests.
    case inject([[UInt8]], by: Actor)
    case pause(reason: String, by: Actor)
    case resume(by: Actor)

    /// Letters or events in one request.
    package static let maximumItems = 256
}

/// Who asks, as the record says it: 1 to 100 Unicode scalars.
package struct Actor: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package static let maximumLength = 100

    /// Nil where the name is empty, too long, or holds control characters.
    package init?(_ name: String) {
        guard (1...Self.maximumLength).contains(name.unicodeScalars.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 })
        else { return nil }
        self.name = name
    }

    package var description: String { name }

    /// Nobody asked: the service itself.
    static let service = Actor(unchecked: "service")

    private init(unchecked name: String) {
        self.name = name
    }
}

/// What an edit puts in the place of a dead letter's event; everything else of the envelope stays.
package struct Correction: Sendable {
    package var type: String
    /// Only for bytes that are no event, which name none.
    package var subject: String?
    /// JSON.
    package var data: [UInt8]
    /// Whether an amount or a currency may change.
    package var force: Bool

    package init(type: String, subject: String?, data: [UInt8], force: Bool = false) {
        self.type = type
        self.subject = subject
        self.data = data
        self.force = force
    }
}

/// A dead letter as it comes back from an export.
package struct ImportedLetter: Sendable {
    package var eventID: EventID
    package var topic: Topic
    package var offset: UInt64
    package var event: [UInt8]
    package var errorKind: String
    package var error: String
    package var attempts: Int64
    package var firstFailedAt: Timestamp
    package var diedAt: Timestamp

    package init(
        eventID: EventID, topic: Topic, offset: UInt64, event: [UInt8], errorKind: String, error: String,
        attempts: Int64, firstFailedAt: Timestamp, diedAt: Timestamp
    ) {
        self.eventID = eventID
        self.topic = topic
        self.offset = offset
        self.event = event
        self.errorKind = errorKind
        self.error = error
        self.attempts = attempts
        self.firstFailedAt = firstFailedAt
        self.diedAt = diedAt
    }
}

/// What came of a request.
package enum OperatorReply: Sendable, Equatable {
    case letters([LetterOutcome])
    case injected([InjectedPlace])
    /// Whether the consumer was in the other state before.
    case consumer(changed: Bool)
}

/// What came of one letter.
package struct LetterOutcome: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        /// Handled: its effects are there.
        case applied
        /// It had had its effects before; nothing changed.
        case duplicate
        /// It failed again, and stays at the desk.
        case failed
        /// Not done, and nothing changed; the detail says why.
        case refused
        /// At the desk, and settled already.
        case notOpen
        /// No such letter here.
        case unknown
        case edited, discarded, imported
    }

    package let eventID: EventID
    package let outcome: Outcome
    package let detail: String?

    package init(_ eventID: EventID, _ outcome: Outcome, _ detail: String? = nil) {
        self.eventID = eventID
        self.outcome = outcome
        self.detail = detail
    }
}

/// Where an injected event stands, or will: sequences count from 1, offsets from 0.
package struct InjectedPlace: Sendable, Equatable {
    package let sequence: UInt64

    package init(sequence: UInt64) {
        self.sequence = sequence
    }

    package var offset: UInt64 { sequence - 1 }
}

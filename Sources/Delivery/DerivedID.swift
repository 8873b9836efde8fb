package import Contracts
import Crypto

/// Ids that come out the same when a decision is taken again.
package enum DerivedID {
    /// The id of the `ordinal`th event of a type that a service makes of a cause.
    package static func event(cause: EventID, service: ServiceName, type: String, ordinal: Int) -> EventID {
        derive(milliseconds: cause.milliseconds, "event", cause.bytes, "\(service.rawValue) \(type) \(ordinal)")
    }

    /// The id of the `ordinal`th event of a type that a command makes.
    package static func event(command: Command, service: ServiceName, type: String, ordinal: Int) -> EventID {
        derive(
            milliseconds: UInt64(max(0, command.at.microseconds / 1000)), "command", Array(command.key.utf8),
            "\(service.rawValue) \(type) \(ordinal)")
    }

    /// The id under which bytes that are no event lie at the dead-letter desk.
    package static func unreadable(topic: Topic, offset: UInt64, at time: Timestamp) -> EventID {
        derive(milliseconds: UInt64(max(0, time.microseconds / 1000)), "unreadable", [], "\(topic) \(offset)")
    }

    private static func derive(milliseconds: UInt64, _ kind: String, _ bytes: [UInt8], _ text: String) -> EventID {
        var sha = SHA256()
        sha.update(data: Array("\(kind) \(bytes.count) ".utf8))
        sha.update(data: bytes)
        sha.update(data: Array(text.utf8))
        return .version8(milliseconds: milliseconds, digest: sha.finalize())
    }
}

/// What starts something that no event starts: a request, the operator, a timer.
package struct Command: Sendable {
    /// Unique for ever, such as `cancel:{order}`: the ids of its events are derived from it.
    package let key: String
    package let correlationID: CorrelationID
    package let at: Timestamp
    /// W3C trace context of the request.
    package let traceparent: String?

    package init(key: String, correlationID: CorrelationID, at: Timestamp, traceparent: String? = nil) {
        self.key = key
        self.correlationID = correlationID
        self.at = at
        self.traceparent = traceparent
    }
}

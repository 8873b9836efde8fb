import Contracts

/// What an expression can ask of an event: an attribute, or a member of its data by its path (`data.lines.0.productID`).
enum EventField: Equatable, Sendable {
    case attribute(Attribute)
    case data([String])

    enum Attribute: String, CaseIterable, Sendable {
        case id, type, subject, source, time, topic, offset, correlationid, causationid, traceparent
    }

    static let data = "data"

    /// Nil where there is no such attribute.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains("") else { return nil }
        if parts[0] == Self.data, parts.count > 1 {
            self = .data(Array(parts.dropFirst()))
        } else if parts.count == 1, let attribute = Attribute(rawValue: text.lowercased()) {
            self = .attribute(attribute)
        } else {
            return nil
        }
    }
}

/// An event's fields by name.
struct EventFields {
    let envelope: Envelope
    let topic: Topic
    let offset: UInt64
    private let data: JSONValue?

    init(envelope: Envelope, topic: Topic, offset: UInt64) {
        self.envelope = envelope
        self.topic = topic
        self.offset = offset
        data = JSONValue.parse(envelope.data)
    }

    /// Nil where the event has none.
    subscript(field: EventField) -> JSONValue? {
        switch field {
        case .attribute(let attribute): value(attribute)
        case .data(let path): path.reduce(data) { Self.member($0, $1) }
        }
    }

    private func value(_ attribute: EventField.Attribute) -> JSONValue? {
        switch attribute {
        case .id: .string(envelope.id.description)
        case .type: .string(envelope.type)
        case .subject: .string(envelope.subject)
        case .source: .string(envelope.source)
        case .time: .string(envelope.time.description)
        case .topic: .string(topic.name)
        case .offset: JSONValue(offset)
        case .correlationid: .string(envelope.correlationID.description)
        case .causationid: envelope.causationID.map { .string($0.description) }
        case .traceparent: envelope.traceparent.map { .string($0) }
        }
    }

    /// A member of an object, or an element of an array by its number from 0.
    private static func member(_ value: JSONValue?, _ name: String) -> JSONValue? {
        if case .array(let elements) = value {
            return Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        }
        return value?[name]
    }
}

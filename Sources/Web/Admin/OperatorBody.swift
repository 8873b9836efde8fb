import Contracts
import Delivery
import Foundation

/// Requests of operators, read from JSON within their limits.
///
/// Each function throws a `Problem`: 400 for what is no such request, 422 for a value out of bounds, with its field.
enum OperatorBody {
    /// Lengths count Unicode scalars, as JSON Schema's do.
    private static let maximumReasonLength = 1000
    private static let maximumErrorKindLength = 64
    private static let maximumErrorLength = 16 * 1024

    static func retry(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let ids: [EventID]
            let actor: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        return .retry(try items(body.ids, "ids"), by: try actor(body.actor))
    }

    static func discard(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let ids: [EventID]
            let actor: String
            let reason: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        return .discard(
            try items(body.ids, "ids"), reason: try reason(body.reason), by: try actor(body.actor))
    }

    static func edit(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let id: EventID
            let type: String
            let subject: String?
            let data: JSONValue
            let force: Bool?
            let actor: String
            let reason: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        try attribute(body.type, "type")
        if let subject = body.subject { try attribute(subject, "subject") }
        let data = Array(try body.data.line().utf8)
        try require(
            data.count <= EventCoding.maximumEventBytes, "data", "at most \(EventCoding.maximumEventBytes) bytes")
        return .edit(
            body.id,
            Correction(type: body.type, subject: body.subject, data: data, force: body.force ?? false),
            reason: try reason(body.reason), by: try actor(body.actor))
    }

    static func importLetters(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let letters: [Letter]
            let force: Bool
            let actor: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        let letters = try items(body.letters, "letters").enumerated().map { index, letter in
            try letter.letter("letters[\(index)]")
        }
        return .importLetters(letters, force: body.force, by: try actor(body.actor))
    }

    static func inject(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let events: [Data]
            let actor: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        for (index, event) in try items(body.events, "events").enumerated() {
            try require(
                (1...EventCoding.maximumEventBytes).contains(event.count), "events[\(index)]",
                "1 to \(EventCoding.maximumEventBytes) bytes")
        }
        return .inject(body.events.map { [UInt8]($0) }, by: try actor(body.actor))
    }

    static func pause(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let actor: String
            let reason: String
        }
        let body = try RequestBody.decode(Body.self, from: body)
        return .pause(reason: try reason(body.reason), by: try actor(body.actor))
    }

    static func resume(_ body: Data) throws -> OperatorRequest {
        struct Body: Decodable {
            let actor: String
        }
        return .resume(by: try actor(try RequestBody.decode(Body.self, from: body).actor))
    }

    // MARK: - Parts

    /// A letter as `stampede dlq export` writes it; what else it holds is not needed here.
    private struct Letter: Decodable {
        let eventId: EventID
        let topic: String
        let offset: WholeNumber
        let event: Data
        let errorKind: String
        let error: String
        let attempts: WholeNumber
        let firstFailedAt: Timestamp
        let diedAt: Timestamp

        func letter(_ place: String) throws -> ImportedLetter {
            try attribute(topic, "\(place).topic")
            try require(offset.value >= 0, "\(place).offset", "not negative")
            try require(
                event.count <= EventCoding.maximumDeadLetterBytes, "\(place).event",
                "at most \(EventCoding.maximumDeadLetterBytes) bytes")
            try length(errorKind, "\(place).errorKind", 1...maximumErrorKindLength)
            try length(error, "\(place).error", 0...maximumErrorLength)
            try require(attempts.value >= 0, "\(place).attempts", "not negative")
            return ImportedLetter(
                eventID: eventId, topic: Topic(topic), offset: UInt64(offset.value), event: [UInt8](event),
                errorKind: errorKind, error: error, attempts: attempts.value, firstFailedAt: firstFailedAt,
                diedAt: diedAt)
        }
    }

    private static func items<Item>(_ items: [Item], _ field: String) throws -> [Item] {
        try require(
            (1...OperatorRequest.maximumItems).contains(items.count), field,
            "1 to \(OperatorRequest.maximumItems) a request")
        return items
    }

    private static func actor(_ name: String) throws -> Actor {
        guard let actor = Actor(name) else {
            throw Problem.invalid("actor", "1 to \(Actor.maximumLength) characters, no control characters")
        }
        return actor
    }

    private static func reason(_ text: String) throws -> String {
        try length(text, "reason", 1...maximumReasonLength)
        let says = text.unicodeScalars.contains { !$0.properties.isWhitespace && $0.value > 31 && $0.value != 127 }
        try require(says, "reason", "it says nothing")
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func length(_ text: String, _ field: String, _ range: ClosedRange<Int>) throws {
        try require(
            range.contains(text.unicodeScalars.count), field, "\(range.lowerBound) to \(range.upperBound) characters")
    }

    /// An attribute of an event's envelope.
    private static func attribute(_ text: String, _ field: String) throws {
        let limit = EventCoding.maximumAttributeBytes
        try require(
            (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { (32...126).contains($0) }, field,
            "1 to \(limit) ASCII characters, no control characters")
    }

    private static func require(_ holds: Bool, _ field: String, _ detail: String) throws {
        guard holds else { throw Problem.invalid(field, detail) }
    }
}

extension Problem {
    static func invalid(_ field: String, _ detail: String) -> Problem {
        Problem(422, .invalidField, "Invalid field", detail: detail, field: field)
    }
}

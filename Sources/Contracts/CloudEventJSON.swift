import Foundation

/// An envelope in CloudEvents' structured JSON mode (v1.0.2, JSON format §3), as `stampede tail --json` prints it.
package struct CloudEventJSON: Encodable, Sendable {
    package let envelope: Envelope

    package init(_ envelope: Envelope) {
        self.envelope = envelope
    }

    /// One line of JSON. Data that is not JSON goes out as `data_base64`.
    package func line() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let head = try? encoder.encode(self), var text = String(data: head, encoding: .utf8), text.hasSuffix("}")
        else {
            return "{}"  // unreachable: every field is a string
        }
        text.removeLast()
        if let body = Self.oneLine(envelope.data) { return text + ",\"data\":\(body)}" }
        return text + ",\"data_base64\":\"\(Data(envelope.data).base64EncodedString())\"}"
    }

    /// The data as it stands, where it is JSON in UTF-8; a line break in JSON is white space between its parts.
    private static func oneLine(_ data: [UInt8]) -> String? {
        // Foundation also reads UTF-16, UTF-32 and a byte order mark, none of which can stand inside this line.
        guard !data.contains(0), data.first != 0xEF,
            (try? JSONSerialization.jsonObject(with: Data(data), options: [.fragmentsAllowed])) != nil
        else { return nil }
        let bytes = data.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
        return String(validating: bytes, as: UTF8.self)
    }

    private enum Key: String, CodingKey {
        case specversion, id, source, type, subject, time, datacontenttype, dataschema
        case correlationid, causationid, twinof, traceparent
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("1.0", forKey: .specversion)
        try container.encode(envelope.id, forKey: .id)
        try container.encode(envelope.source, forKey: .source)
        try container.encode(envelope.type, forKey: .type)
        try container.encode(envelope.subject, forKey: .subject)
        try container.encode(envelope.time, forKey: .time)
        try container.encode("application/json", forKey: .datacontenttype)
        try container.encode(envelope.dataSchema, forKey: .dataschema)
        try container.encode(envelope.correlationID, forKey: .correlationid)
        try container.encodeIfPresent(envelope.causationID, forKey: .causationid)
        try container.encodeIfPresent(envelope.twinOf, forKey: .twinof)
        try container.encodeIfPresent(envelope.traceparent, forKey: .traceparent)
    }
}

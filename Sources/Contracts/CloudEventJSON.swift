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
        guard let head = try? encoder.encode(self), var text = String(data: head, encoding: .utf8), text.hasSuffix("}") else {
            return "{}"  // unreachable: every field is a string
        }
        text.removeLast()
        let data = Data(envelope.data)
        let isJSON = (try? JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed])) != nil
        if isJSON, let body = String(data: data, encoding: .utf8) {
            return text + ",\"data\":\(body)}"
        }
        return text + ",\"data_base64\":\"\(data.base64EncodedString())\"}"
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

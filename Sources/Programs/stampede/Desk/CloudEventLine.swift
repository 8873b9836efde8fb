import Contracts
import Foundation

/// An event in CloudEvents' structured JSON mode, as `tail --json` prints it, read back.
struct CloudEventLine {
    let envelope: Envelope

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Fault` naming the attribute.
    init(_ json: JSONValue) throws {
        func text(_ name: String) throws -> String {
            guard let text = json[name]?.text else { throw Fault(description: "'\(name)' is missing, or no text") }
            return text
        }
        func id<Owner>(_ name: String, _: Owner.Type) throws -> Identifier<Owner> {
            guard let id = Identifier<Owner>(try text(name)) else { throw Fault(description: "'\(name)' is no id") }
            return id
        }
        func optionalID(_ name: String) throws -> EventID? {
            json[name] == nil || json[name] == .null ? nil : try id(name, EventOwner.self)
        }
        guard let time = Timestamp(try text("time")) else {
            throw Fault(description: "'time' is no RFC 3339 time in UTC")
        }
        envelope = Envelope(
            id: try id("id", EventOwner.self), source: try text("source"), type: try text("type"),
            subject: try text("subject"), time: time, correlationID: try id("correlationid", CorrelationOwner.self),
            causationID: try optionalID("causationid"), twinOf: try optionalID("twinof"),
            traceparent: json["traceparent"]?.text, data: try Self.data(json))
    }

    private static func data(_ json: JSONValue) throws -> [UInt8] {
        if let data = json["data"] { return Array(try data.line().utf8) }
        guard let bytes = json["data_base64"]?.text.flatMap({ Data(base64Encoded: $0) }) else {
            throw Fault(description: "there is neither 'data' nor a 'data_base64' of base64")
        }
        return [UInt8](bytes)
    }
}

import Contracts
import Tracing

/// What all spans of a process have in common.
package struct OTLPResource: Sendable {
    package let service: String
    package let process: Int32

    package init(service: String, process: Int32) {
        self.service = service
        self.process = process
    }
}

/// Spans as a request of OTLP/JSON (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): ids in hexadecimal, whole
/// numbers of 64 bits as text, enumerations as numbers.
enum OTLPText {
    /// One `ExportTraceServiceRequest`, on one line.
    static func request(_ spans: [FinishedSpan], of resource: OTLPResource) -> [UInt8] {
        var writer = CanonicalJSONWriter()
        writer.raw(#"{"resourceSpans":[{"resource":{"attributes":"#)
        let attributes: SpanAttributes = [
            "service.name": .string(resource.service), "service.namespace": "stampede",
            "process.pid": .int64(Int64(resource.process)),
        ]
        writer.attributes(attributes)
        writer.raw(#"},"scopeSpans":[{"scope":{"name":"stampede"},"spans":"#)
        writer.list(spans) { writer, span in writer.span(span) }
        writer.raw("}]}]}")
        return writer.bytes
    }
}

extension CanonicalJSONWriter {
    fileprivate mutating func span(_ span: FinishedSpan) {
        raw(#"{"traceId":"#)
        string(span.place.trace.description)
        raw(#","spanId":"#)
        string(HexText.of(span.place.span))
        if let parent = span.parent {
            raw(#","parentSpanId":"#)
            string(HexText.of(parent))
        }
        raw(#","flags":1,"name":"#)
        string(span.name)
        raw(#","kind":"#)
        integer(span.kind.number)
        time(#","startTimeUnixNano":"#, span.start)
        time(#","endTimeUnixNano":"#, span.end)
        raw(#","attributes":"#)
        self.attributes(span.attributes)
        if !span.links.isEmpty {
            raw(#","links":"#)
            list(span.links) { writer, link in writer.link(link) }
        }
        if !span.events.isEmpty {
            raw(#","events":"#)
            list(span.events) { writer, event in writer.event(event) }
        }
        if let status = span.status { self.status(status) }
        raw("}")
    }

    private mutating func link(_ place: TraceContext) {
        raw(#"{"traceId":"#)
        string(place.trace.description)
        raw(#","spanId":"#)
        string(HexText.of(place.span))
        raw("}")
    }

    private mutating func event(_ event: SpanEvent) {
        time(#"{"timeUnixNano":"#, event.nanosecondsSinceEpoch)
        raw(#","name":"#)
        string(event.name)
        raw(#","attributes":"#)
        attributes(event.attributes)
        raw("}")
    }

    private mutating func status(_ status: SpanStatus) {
        raw(#","status":{"code":"#)
        integer(status.code == .error ? 2 : 1)
        if let message = status.message {
            raw(#","message":"#)
            string(Redaction.of(message))
        }
        raw("}")
    }

    private mutating func time(_ name: StaticString, _ nanoseconds: UInt64) {
        raw(name)
        string(String(nanoseconds))
    }

    /// In the order of their names, so that equal spans are equal bytes.
    fileprivate mutating func attributes(_ attributes: SpanAttributes) {
        var pairs: [(name: String, value: SpanAttribute)] = []
        attributes.forEach { pairs.append(($0, $1)) }
        list(pairs.sorted { $0.name < $1.name }) { writer, pair in
            writer.raw(#"{"key":"#)
            writer.string(pair.name)
            writer.raw(#","value":{"#)
            writer.value(pair.value)
            writer.raw("}}")
        }
    }

    private mutating func value(_ value: SpanAttribute) {
        switch value {
        case .int32(let number):
            raw(#""intValue":"#)
            string(String(number))
        case .int64(let number):
            raw(#""intValue":"#)
            string(String(number))
        case .bool(let flag): raw(flag ? #""boolValue":true"# : #""boolValue":false"#)
        case .string(let text):
            raw(#""stringValue":"#)
            string(Redaction.of(text))
        // Numbers with a fraction and lists are not used here; a library's are shown as text.
        default:
            raw(#""stringValue":"#)
            string(Redaction.of(Self.text(of: value)))
        }
    }

    private static func text(of value: SpanAttribute) -> String {
        switch value {
        case .double(let number): "\(number)"
        case .stringConvertible(let other): "\(other)"
        default: "\(value)"
        }
    }
}

extension SpanKind {
    /// `SpanKind` of opentelemetry-proto.
    fileprivate var number: Int {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}

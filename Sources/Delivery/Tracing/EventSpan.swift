import Contracts
import Tracing

/// A span of an event's way that has ended; recorded once its transaction is committed.
///
/// Names and attributes: OpenTelemetry semantic conventions 1.37, "Messaging spans" and "CloudEvents".
struct EventSpan {
    private let name: String
    private let kind: SpanKind
    private let context: TraceContext
    private let start: Timestamp
    private let end: Timestamp
    var parent: TraceContext?
    var link: TraceContext?
    var attributes: SpanAttributes
    private var failure: String?

    /// - Parameter topic: nil where the span sends and reads no message.
    init(
        _ operation: String, _ kind: SpanKind, _ context: TraceContext, _ event: Envelope, _ topic: Topic?,
        start: Timestamp, end: Timestamp
    ) {
        name = topic.map { "\(operation) \($0.name)" } ?? operation
        self.kind = kind
        self.context = context
        self.start = start
        self.end = max(start, end)
        attributes = [
            "messaging.message.id": .string(event.id.description),
            "messaging.message.conversation_id": .string(event.correlationID.description),
            "cloudevents.event_type": .string(event.type),
            "cloudevents.event_subject": .string(event.subject),
        ]
        guard let topic else { return }
        attributes["messaging.system"] = "stampede"
        attributes["messaging.destination.name"] = topic.name
        attributes["messaging.operation.name"] = operation
        attributes["messaging.operation.type"] = kind == .producer ? "send" : "process"
    }

    mutating func fail(_ kind: String, _ error: String) {
        attributes["error.type"] = kind
        failure = error
    }

    func record(in tracer: any Tracer) {
        let span = tracer.startSpan(
            name, context: InstrumentationContext(parent, chosenSpan: context), ofKind: kind, at: Instant(start))
        span.attributes = attributes
        if let link { span.addLink(SpanLink(context: InstrumentationContext(link), attributes: [:])) }
        if let failure { span.setStatus(SpanStatus(code: .error, message: failure)) }
        span.end(at: Instant(end))
    }

    /// A time as swift-distributed-tracing counts it.
    private struct Instant: TracerInstant {
        let nanosecondsSinceEpoch: UInt64

        init(_ time: Timestamp) {
            nanosecondsSinceEpoch = min(UInt64(clamping: time.microseconds), .max / 1000) * 1000
        }

        static func < (left: Self, right: Self) -> Bool { left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch }
    }
}

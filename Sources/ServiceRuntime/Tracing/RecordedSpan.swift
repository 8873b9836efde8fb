package import Contracts
import Delivery
package import Tracing
import Synchronization

/// A span that is being made. What is said after its end is not recorded.
package final class RecordedSpan: Span {
    private let state: Mutex<FinishedSpan>
    private let hasEnded = Mutex(false)
    private let outlets: [SpanQueue]
    package let context: InstrumentationContext

    init(_ span: FinishedSpan, outlets: [SpanQueue]) {
        context = InstrumentationContext(span.place)
        state = Mutex(span)
        self.outlets = outlets
    }

    package var isRecording: Bool { !outlets.isEmpty && !hasEnded.withLock { $0 } }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) {
        state.withLock { $0.status = status }
    }

    package func addEvent(_ event: SpanEvent) {
        state.withLock { $0.events.append(event) }
    }

    package func addLink(_ link: SpanLink) {
        guard let place = link.context.place else { return }
        state.withLock { $0.links.append(place) }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        guard isFirst, !outlets.isEmpty else { return }
        var span = state.withLock { $0 }
        span.end = instant().nanosecondsSinceEpoch
        for outlet in outlets { outlet.add(span) }
    }
}

/// A span as it is exported.
package struct FinishedSpan: Sendable {
    package var name: String
    package let kind: SpanKind
    package let place: TraceContext
    /// Nil for the first span of a trace.
    package let parent: UInt64?
    /// Nanoseconds since 1970.
    package let start: UInt64
    package var end: UInt64 = 0
    package var attributes: SpanAttributes = [:]
    package var links: [TraceContext] = []
    package var events: [SpanEvent] = []
    package var status: SpanStatus?

    package init(name: String, kind: SpanKind, place: TraceContext, parent: UInt64?, start: UInt64) {
        self.name = name
        self.kind = kind
        self.place = place
        self.parent = parent
        self.start = start
    }
}

import Contracts
import Delivery
import Synchronization
import Tracing

/// A tracer that keeps what it is told.
final class NotingTracer: Tracer {
    /// A span that has ended.
    struct Noted: Sendable {
        var name: String
        let kind: SpanKind
        let place: TraceContext?
        let parent: TraceContext?
        var link: TraceContext?
        var attributes: SpanAttributes = [:]
        var failure: String?
    }

    final class NotedSpan: Tracing.Span {
        let context: InstrumentationContext
        let isRecording = true
        private let noted: Mutex<Noted>
        private let tracer: NotingTracer

        init(_ noted: Noted, _ tracer: NotingTracer) {
            context = InstrumentationContext(noted.place)
            self.noted = Mutex(noted)
            self.tracer = tracer
        }

        var operationName: String {
            get { noted.withLock { $0.name } }
            set { noted.withLock { $0.name = newValue } }
        }

        var attributes: SpanAttributes {
            get { noted.withLock { $0.attributes } }
            set { noted.withLock { $0.attributes = newValue } }
        }

        func setStatus(_ status: SpanStatus) { noted.withLock { $0.failure = status.message } }
        func addEvent(_ event: SpanEvent) {}
        func addLink(_ link: SpanLink) { noted.withLock { $0.link = link.context.place } }

        func recordError<Instant: TracerInstant>(
            _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
        ) {}

        func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
            tracer.ended.withLock { $0.append(noted.withLock { $0 }) }
        }
    }

    private let ended = Mutex<[Noted]>([])

    var spans: [Noted] { ended.withLock { $0 } }

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> NotedSpan {
        let context = context()
        return NotedSpan(
            Noted(name: operationName, kind: kind, place: context.chosenSpan, parent: context.place), self)
    }

    func forceFlush() {}
    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {}
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}
}

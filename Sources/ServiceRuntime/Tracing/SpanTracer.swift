import Contracts
import Delivery
package import Tracing

/// A tracer of swift-distributed-tracing that hands each finished span of a recorded trace to its outlets.
///
/// *Guarantee*: ending a span costs an append to a bounded queue, never a wait. *If broken*: a collector that is slow makes
/// orders slow.
package struct SpanTracer: Tracer {
    package typealias Span = RecordedSpan

    private let sampling: Sampling
    private let outlets: [SpanQueue]

    package init(sampling: Sampling, outlets: [SpanQueue]) {
        self.sampling = sampling
        self.outlets = outlets
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        let parent = context()
        let place = parent.chosenSpan ?? sampling.child(of: parent.place)
        return RecordedSpan(
            FinishedSpan(
                name: operationName, kind: kind, place: place, parent: parent.place?.span,
                start: instant().nanosecondsSinceEpoch),
            outlets: place.isSampled ? outlets : [])
    }

    package func forceFlush() {}

    // MARK: - Crossing processes

    private static let key = "traceparent"

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.place else { return }
        injector.inject(place.description, forKey: Self.key, into: &carrier)
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: Self.key, from: carrier) else { return }
        context.place = TraceContext(text)
    }
}

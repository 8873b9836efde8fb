package import Contracts
package import Tracing

/// What travels in swift-distributed-tracing's context.
extension InstrumentationContext {
    private enum PlaceKey: InstrumentationContextKey {
        typealias Value = TraceContext
        static let nameOverride: String? = "traceparent"
    }

    private enum ChosenSpanKey: InstrumentationContextKey {
        typealias Value = TraceContext
        static let nameOverride: String? = "stampede-chosen-span"
    }

    /// The span that is at hand: the parent of the next one.
    package var place: TraceContext? {
        get { self[PlaceKey.self] }
        set { self[PlaceKey.self] = newValue }
    }

    /// What the next span is to be; nil for a new id.
    package var chosenSpan: TraceContext? {
        get { self[ChosenSpanKey.self] }
        set { self[ChosenSpanKey.self] = newValue }
    }

    package init(_ place: TraceContext?, chosenSpan: TraceContext? = nil) {
        self = .topLevel
        self.place = place
        self.chosenSpan = chosenSpan
    }
}

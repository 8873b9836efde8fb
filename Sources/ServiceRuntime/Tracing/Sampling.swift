package import Contracts

/// Which traces are recorded: a share of those that begin here, and those whose caller records them.
///
/// The choice follows from the trace's id, as OpenTelemetry's consistent sampling wants it (specification, "TraceState:
/// Probability Sampling"): whoever samples with the same share or a larger one records the same traces.
package struct Sampling: Sendable {
    /// Of 2^56: the lower seven bytes of an id below the threshold are recorded.
    private let threshold: UInt64
    private let random: @Sendable () -> UInt64

    private static let range: UInt64 = 1 << 56

    /// - Parameter share: from 0 to 1.
    package init(
        share: Double, random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: 1 ... .max) }
    ) {
        threshold = UInt64(min(1, max(0, share)) * Double(Self.range))
        self.random = random
    }

    package func records(_ trace: TraceID) -> Bool {
        trace.low % Self.range < threshold
    }

    /// A new span: of the trace given, whose sampled flag is honoured, or of a new one.
    package func child(of parent: TraceContext?) -> TraceContext {
        if let parent { return parent.at(random()) }
        let trace = TraceID(high: random(), low: random())
        return TraceContext(trace: trace, span: random(), isSampled: records(trace))
    }
}

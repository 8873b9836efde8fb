package import Contracts

/// The spans on an event's way.
///
/// An event's `traceparent` names the span in which the event was decided: a request, or the handling of its cause. All
/// other spans have ids that follow from the event and the service: sent once, handled once in each service, after so many
/// attempts.
///
/// *Guarantee*: whoever comes later, after a crash, a retry or a redrive, names the same span as its parent, and needs
/// nothing but the event for it. *If broken*: a trace falls to pieces exactly where something went wrong.
extension TraceContext {
    /// Of the event's sending: from the outbox to the log. Nil where the event belongs to no trace.
    package static func ofSending(_ event: Envelope) -> TraceContext? {
        event.traceparent.flatMap { TraceContext($0)?.at(event.id.low) }
    }

    /// Of the handling that took effect, in one service.
    package static func ofHandling(_ event: Envelope, by service: ServiceName) -> TraceContext? {
        event.traceparent.flatMap { TraceContext($0)?.at(mixed(event.id.low, service.rawValue)) }
    }

    /// Of an attempt that failed.
    package static func ofAttempt(_ number: Int, _ event: Envelope, by service: ServiceName) -> TraceContext? {
        event.traceparent.flatMap { TraceContext($0)?.at(mixed(event.id.low, "\(service.rawValue) \(number)")) }
    }

    /// Of a call to the outside, once for each time that it is made.
    static func ofCall(_ intent: Intent, at time: Timestamp) -> TraceContext? {
        intent.cause.traceparent.flatMap {
            TraceContext($0)?.at(mixed(UInt64(bitPattern: time.microseconds), intent.key))
        }
    }

    /// The parent of what a service makes of an event; what comes of an own event hangs below its sending.
    ///
    /// Of a trace that nobody records, the text goes on as it is.
    static func text(after cause: Envelope, in service: ServiceName, source: String) -> String? {
        guard let text = cause.traceparent, isSampled(text) else { return cause.traceparent }
        let context = cause.source == source ? ofSending(cause) : ofHandling(cause, by: service)
        return context?.description ?? text
    }

    /// FNV-1a of the text (RFC draft-eastlake-fnv) over the word, and the finish of SplitMix64, so that all bits count.
    private static func mixed(_ word: UInt64, _ text: String) -> UInt64 {
        var hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 ^ word) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}

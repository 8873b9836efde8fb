import Contracts
import EventLog
package import Tracing

/// Tells a tracer what a service does with the events of the traces that are recorded; without a tracer, or for any other
/// event, nothing, and no clock is read.
package struct ServiceTracing: Sendable {
    /// Nil where nothing is recorded.
    package let tracer: (any Tracer)?
    private let service: ServiceName
    private let clock: ClockHistory

    init(tracer: (any Tracer)?, service: ServiceName, clock: ClockHistory) {
        self.tracer = tracer
        self.service = service
        self.clock = clock
    }

    /// Whether the event's spans are recorded.
    func wants(_ event: Envelope) -> Bool {
        guard tracer != nil, let text = event.traceparent else { return false }
        return TraceContext.isSampled(text)
    }

    // MARK: - Spans

    /// Records spans whose transaction has been committed.
    func record(_ spans: [EventSpan]) {
        guard let tracer else { return }
        for span in spans { span.record(in: tracer) }
    }

    /// The events have just reached the log: a span each, from the outbox to now.
    func sent(_ events: [[UInt8]], to topic: Topic) {
        guard let tracer, events.contains(where: EventCoding.isSampled) else { return }
        let now = clock.read()
        for bytes in events where EventCoding.isSampled(bytes) {
            // Bytes that are no event, as an operator may inject, have no span.
            guard let event = try? EventCoding.decode(bytes), let context = TraceContext.ofSending(event) else {
                continue
            }
            let end = event.time + clock.age(of: event.time, at: now)
            var span = EventSpan("send", .producer, context, event, topic, start: event.time, end: end)
            span.parent = event.traceparent.flatMap { TraceContext($0) }
            span.attributes["messaging.message.body.size"] = event.data.count
            span.record(in: tracer)
        }
    }

    /// - Parameters:
    ///   - attempt: counted from 1.
    ///   - operation: what the service did with it: `process`, or what an operator did at the desk.
    func handled(
        _ event: Envelope, _ place: LoggedEvent, since start: ClockReading, attempt: Int, operation: String = "process"
    ) -> EventSpan? {
        guard wants(event) else { return nil }
        return TraceContext.ofHandling(event, by: service).map {
            consumer($0, event, place, since: start, attempt: attempt, operation: operation)
        }
    }

    /// - Parameter event: nil for bytes that are none, which have no span.
    func failed(
        _ place: LoggedEvent, _ event: Envelope?, since start: ClockReading, _ failure: FailedAttempt
    ) -> EventSpan? {
        guard let event, wants(event) else { return nil }
        return TraceContext.ofAttempt(failure.number, event, by: service).map {
            var span = consumer($0, event, place, since: start, attempt: failure.number, operation: "process")
            span.fail(failure.kind, failure.error)
            return span
        }
    }

    private func consumer(
        _ context: TraceContext, _ event: Envelope, _ place: LoggedEvent, since start: ClockReading, attempt: Int,
        operation: String
    ) -> EventSpan {
        var span = EventSpan(operation, .consumer, context, event, place.topic, start: start.wall, end: end(of: start))
        span.parent = .ofSending(event)
        span.link = span.parent
        span.attributes["messaging.consumer.group.name"] = service.rawValue
        span.attributes["stampede.offset"] = Int64(place.offset)
        span.attributes["stampede.attempt"] = attempt
        return span
    }

    /// Now, on the clock that gave the span its start, so that it lasts as long as it did.
    private func end(of start: ClockReading) -> Timestamp {
        start.wall + (clock.read().monotonic - start.monotonic)
    }

    /// A call to the outside, from the handling of the event that asked for it.
    func called(
        _ intent: Intent, _ call: TraceContext, since start: ClockReading, _ answer: Result<some Any, any Error>
    ) {
        guard let tracer else { return }
        let cause = intent.cause
        var span = EventSpan(intent.kind, .client, call, cause, nil, start: start.wall, end: end(of: start))
        span.parent = .ofHandling(cause, by: service)
        span.attributes["stampede.call.key"] = intent.key
        if case .failure(let error) = answer { span.fail("\(type(of: error))", "\(error)") }
        span.record(in: tracer)
    }
}

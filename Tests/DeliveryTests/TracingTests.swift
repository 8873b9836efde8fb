import Contracts
import EventLog
import TestSupport
import Testing
import Tracing

@testable import Delivery

@Suite("Spans on an event's way")
struct TracingTests {
    private static let request = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private static let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    private static let actor = Actor("ann") ?? { preconditionFailure("a name") }()

    /// An order's first event, which a request in the trace made.
    private func ordered(_ harness: Harness, _ subject: String, _ traceparent: String? = request) throws -> Envelope {
        let time = harness.clock.now()
        let event = Envelope(
            id: .version7(at: time, randomBits: (harness.randomness.next(), harness.randomness.next())),
            source: "/test", type: World.Ordered.type, subject: subject, time: time,
            correlationID: CorrelationID(high: 7, low: 7), traceparent: traceparent,
            data: try World.Ordered().encoded())
        try harness.emit(event)
        return event
    }

    private func traced() throws -> (Harness, NotingTracer) {
        let tracer = NotingTracer()
        return (try Harness(tracer: tracer), tracer)
    }

    @Test(
        "handled below its sending, linked to it; what follows is sent below the handling; one trace, one conversation")
    func tree() throws {
        let (harness, tracer) = try traced()
        let event = try ordered(harness, "a")
        try harness.run()

        let held = try #require(try harness.events(.inventory).first)
        let sending = try #require(TraceContext.ofSending(event))
        let handling = try #require(TraceContext.ofHandling(event, by: .inventory))
        #expect(held.traceparent == handling.description, "what a service makes of an event says where it was made")

        let spans = tracer.spans
        #expect(spans.map(\.name) == ["process orders", "send inventory"])
        let process = try #require(spans.first)
        #expect(process.kind == .consumer)
        #expect(process.place == handling)
        #expect(process.parent == sending)
        #expect(process.link == sending)
        let send = try #require(spans.last)
        #expect(send.kind == .producer)
        #expect(send.place == TraceContext.ofSending(held))
        #expect(send.parent == handling)
        for span in spans {
            #expect(span.place?.trace.description == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(
                span.attributes.get("messaging.message.conversation_id")
                    == .string(event.correlationID.description))
            #expect(span.failure == nil)
        }
    }

    @Test("of a trace that nobody records the context goes on, and nothing else happens", arguments: [unsampled, nil])
    func notRecorded(traceparent: String?) throws {
        let (harness, tracer) = try traced()
        _ = try ordered(harness, "a", traceparent)
        try harness.run()
        #expect(try harness.events(.inventory).map(\.traceparent) == [traceparent])
        #expect(tracer.spans.isEmpty)
    }

    @Test("each attempt is a span, and after restarts and a redrive the effects hang where they always would have")
    func crashAndRedrive() async throws {
        let (harness, tracer) = try traced()
        let event = try ordered(harness, "a")
        harness.faults.fail("a", with: Broken("no reason given"))
        _ = try harness.consumer.turn()
        try harness.restart()
        try harness.runOut()
        let attempts = tracer.spans.filter { $0.name == "process orders" }
        #expect(attempts.map(\.failure) == [String?](repeating: "no reason given", count: 3))
        #expect(Set(attempts.map(\.place)).count == 3, "no attempt is taken for another")
        #expect(attempts.allSatisfy { $0.parent == TraceContext.ofSending(event) })
        #expect(attempts.compactMap { $0.attributes.get("stampede.attempt") } == [.int(1), .int(2), .int(3)])
        let death = try #require(try harness.events(.deadLetters(of: .inventory)).first)
        #expect(death.traceparent == attempts.last?.place?.description, "a death is told where it happened")

        harness.faults.heal()
        try harness.restart()
        #expect(try await harness.outcomes(.retry([event.id], by: Self.actor)) == [.applied])
        try harness.runOut()
        let handled = try #require(tracer.spans.first { $0.name == "process orders" && $0.failure == nil })
        #expect(handled.place == TraceContext.ofHandling(event, by: .inventory))
        #expect(handled.attributes.get("stampede.attempt") == .int(4))
        let held = try #require(try harness.events(.inventory).first)
        #expect(held.traceparent == handled.place?.description)
        #expect(tracer.spans.contains { $0.name == "send inventory" && $0.parent == handled.place })
    }

    @Test("what was rolled back left no span: a batch with a fault in it tells of each event once")
    func rolledBack() throws {
        let (harness, tracer) = try traced()
        _ = try ordered(harness, "a")
        _ = try ordered(harness, "b")
        harness.faults.fail("b", with: EventFault.brokenRule("never"))
        try harness.run()
        let handled = tracer.spans.filter { $0.name == "process orders" }
        #expect(handled.map(\.failure) == [nil, "never"])
    }

    @Test("two services that handle one event are two spans")
    func services() throws {
        let (harness, _) = try traced()
        let event = try ordered(harness, "a")
        #expect(TraceContext.ofHandling(event, by: .inventory) != TraceContext.ofHandling(event, by: .analytics))
    }
}

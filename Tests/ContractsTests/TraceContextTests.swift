import Testing

@testable import Contracts

@Suite("Trace context")
struct TraceContextTests {
    private static let sample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("the example of the standard is read, and written as it was")
    func example() throws {
        let context = try #require(TraceContext(Self.sample))
        #expect(context.trace == TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736))
        #expect(context.span == 0x00f0_67aa_0ba9_02b7)
        #expect(context.isSampled)
        #expect(context.description == Self.sample)
    }

    @Test("written and read again it is the same", arguments: 1...200 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        let context = TraceContext(
            trace: TraceID(high: seed &* 0x9E37_79B9_7F4A_7C15, low: seed &* seed), span: seed << (seed % 64),
            isSampled: seed % 2 == 0)
        #expect(TraceContext(context.description) == context)
        #expect(context.description.utf8.count == TraceContext.textLength)
        #expect(TraceContext.isSampled(context.description) == context.isSampled)
    }

    @Test(
        "what the standard calls invalid is none",
        arguments: [
            "", "00", "hello", String(sample.dropLast()), sample + "-", sample + "0", sample.uppercased(),
            "ff" + sample.dropFirst(2), "0g" + sample.dropFirst(2), sample.replacing("-", with: "_"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-1",
            String(repeating: "f", count: 100_000),
        ])
    func invalid(text: String) {
        #expect(TraceContext(text) == nil)
    }

    @Test("of a version to come the known part is read", arguments: ["", "-more", "-"])
    func laterVersion(rest: String) throws {
        let context = try #require(TraceContext("cc" + Self.sample.dropFirst(2) + rest))
        #expect(context.description == Self.sample, "it goes on as the version that is known here")
    }

    @Test("flags that are not known change nothing", arguments: [("03", true), ("fe", false), ("ff", true)])
    func flags(text: String, isSampled: Bool) throws {
        #expect(try #require(TraceContext(String(Self.sample.dropLast(2)) + text)).isSampled == isSampled)
    }

    @Test("an event's bytes tell whether it is recorded", arguments: [sample, String(sample.dropLast()) + "0", nil])
    func ofBytes(traceparent: String?) throws {
        let event = Envelope(
            id: EventID(high: 1, low: 2), source: "/a1", type: "v1.X1", subject: "1", time: Timestamp(microseconds: 1),
            correlationID: CorrelationID(high: 3, low: 4), traceparent: traceparent, data: Array("1".utf8))
        let bytes = try EventCoding.encode(event)
        #expect(EventCoding.isSampled(bytes) == (traceparent == Self.sample))
        for length in 0..<bytes.count { _ = EventCoding.isSampled(Array(bytes.prefix(length))) }
    }
}

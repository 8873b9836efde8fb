import Contracts
import Delivery
import Foundation
import Logging
import ProcessSettings
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport
import Tracing

@testable import ServiceRuntime

@Suite("Spans on their way out", .timeLimit(.minutes(5)))
struct SpanExportTests {
    /// Takes what it is sent, or fails, or holds it until the test lets go.
    private final class Collector: SpanDestination {
        enum Mood { case takes, refuses, hangs }

        let name = "collector"
        private let state = Mutex<(mood: Mood, lines: [String])>((.takes, []))

        init(_ mood: Mood) { state.withLock { $0.mood = mood } }

        var lines: [String] { state.withLock { $0.lines } }

        func send(_ request: [UInt8]) async throws {
            switch state.withLock({ $0.mood }) {
            case .takes: state.withLock { $0.lines.append(String(decoding: request, as: UTF8.self)) }
            case .refuses: throw CollectorAway()
            case .hangs: try await Task.sleep(for: .seconds(3600))
            }
        }
    }

    private struct CollectorAway: Error {}

    private static let resource = OTLPResource(service: "order-service", process: 7)
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func tracer(_ queue: SpanQueue, share: Double = 1) -> SpanTracer {
        SpanTracer(sampling: Sampling(share: share), outlets: [queue])
    }

    private func span(_ tracer: SpanTracer, _ name: String, _ attributes: SpanAttributes = [:]) {
        let span = tracer.startSpan(name, context: .topLevel, ofKind: .internal)
        span.attributes = attributes
        span.end()
    }

    /// Spans of a request, as the collector would read them.
    private func spans(_ line: String) throws -> [[String: Any]] {
        let request = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let resource = (request?["resourceSpans"] as? [[String: Any]])?.first
        let scope = (resource?["scopeSpans"] as? [[String: Any]])?.first
        return scope?["spans"] as? [[String: Any]] ?? []
    }

    /// Runs the export until it has been told to stop and has ended.
    private func exporting(
        _ queue: SpanQueue, to collector: Collector, farewell: Duration = .seconds(120), _ body: () async throws -> Void
    ) async throws {
        var limits = SpanExport.Limits()
        limits.batch = 10
        limits.interval = .milliseconds(10)
        limits.farewell = farewell
        let export = SpanExport(queue, to: collector, of: Self.resource, limits: limits, logger: Self.quiet)
        let group = ServiceGroup(services: [export], gracefulShutdownSignals: [], logger: Self.quiet)
        async let running: Void = group.run()
        try await body()
        await group.triggerGracefulShutdown()
        try await running
    }

    @Test("everything that ended is sent, in requests of a bounded size, and the last of it at the stop")
    func sends() async throws {
        let queue = SpanQueue(limit: 1000, destination: "test")
        let collector = Collector(.takes)
        try await exporting(queue, to: collector) {
            for number in 0..<25 { span(tracer(queue), "span \(number)") }
        }
        let sent = try collector.lines.map(spans)
        #expect(sent.flatMap { $0 }.compactMap { $0["name"] as? String } == (0..<25).map { "span \($0)" })
        #expect(sent.allSatisfy { $0.count <= 10 })
    }

    @Test("a span is written as OTLP/JSON wants it, mail addresses and tokens taken out")
    func format() async throws {
        let queue = SpanQueue(limit: 10, destination: "test")
        let collector = Collector(.takes)
        try await exporting(queue, to: collector) {
            let span = tracer(queue).startSpan(
                "POST /v1/orders",
                context: InstrumentationContext(
                    TraceContext("00-\(String(repeating: "ab", count: 16))-00000000000000ff-01")),
                ofKind: .server)
            span.attributes["stampede.offset"] = Int64.max
            span.attributes["error"] = "no card tok_visa of ann@example.test"
            span.setStatus(SpanStatus(code: .error, message: "ask ann@example.test"))
            span.addLink(SpanLink(context: span.context, attributes: [:]))
            span.end()
        }
        let line = try #require(collector.lines.first)
        let exported = try #require(try spans(line).first)
        #expect(exported["traceId"] as? String == String(repeating: "ab", count: 16))
        #expect(exported["parentSpanId"] as? String == "00000000000000ff")
        #expect((exported["spanId"] as? String)?.count == 16)
        #expect(exported["kind"] as? Int == 2)
        #expect(UInt64(exported["startTimeUnixNano"] as? String ?? "") ?? 0 > 1_700_000_000_000_000_000)
        #expect((exported["links"] as? [[String: Any]])?.first?["spanId"] as? String == exported["spanId"] as? String)
        #expect((exported["status"] as? [String: Any])?["message"] as? String == "ask [mail address]")
        #expect(line.contains(#"{"key":"stampede.offset","value":{"intValue":"9223372036854775807"}}"#))
        #expect(line.contains("no card [card token] of [mail address]"))
        #expect(line.contains(#"{"key":"service.name","value":{"stringValue":"order-service"}}"#))
    }

    @Test("a collector that hangs or refuses keeps nobody waiting: the queue is bounded, the stop is quick")
    func hanging() async throws {
        for mood in [Collector.Mood.hangs, .refuses] {
            let queue = SpanQueue(limit: 100, destination: "test")
            let tracer = tracer(queue)
            let start = ContinuousClock.now
            try await exporting(queue, to: Collector(mood), farewell: .milliseconds(200)) {
                for _ in 0..<20_000 { span(tracer, "x") }
                #expect(queue.count <= 100)
            }
            #expect(ContinuousClock.now - start < .seconds(120), "the collector hangs for an hour")
        }
    }

    @Test("a full queue drops what comes, keeps what it has, and takes again when there is room")
    func bounded() {
        let queue = SpanQueue(limit: 3, destination: "test")
        for number in 0..<10 { span(tracer(queue), "\(number)") }
        #expect(queue.take(2).map(\.name) == ["0", "1"])
        span(tracer(queue), "later")
        #expect(queue.take(10).map(\.name) == ["2", "later"])
    }

    @Test("a share of the traces is recorded, whole ones, and a caller's word counts")
    func sampling() throws {
        var recorded = 0
        let sampling = Sampling(share: 0.1)
        for _ in 0..<20_000 {
            let root = sampling.child(of: nil)
            if root.isSampled { recorded += 1 }
            #expect(sampling.records(root.trace) == root.isSampled)
            #expect(sampling.child(of: root).isSampled == root.isSampled)
        }
        #expect((1500...2500).contains(recorded), "of 20,000 about 2,000, not \(recorded)")
        #expect(!Sampling(share: 0).child(of: nil).isSampled)
        #expect(Sampling(share: 1).child(of: nil).isSampled)
        let wanted = try #require(TraceContext("00-\(String(repeating: "ff", count: 16))-00000000000000ff-01"))
        #expect(Sampling(share: 0).child(of: wanted).isSampled)
        #expect(!Sampling(share: 1).child(of: TraceContext(trace: wanted.trace, span: 1, isSampled: false)).isSampled)
    }

    @Test("a file of spans is bounded: a full one takes the place of the one before")
    func file() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/traces/order.jsonl"
        let file = SpanFile(path: path, maximumBytes: 100)
        for number in 0..<20 { try file.send(Array("{\"number\":\(100 + number)}".utf8)) }
        let now = try String(contentsOfFile: path, encoding: .utf8)
        let before = try String(contentsOfFile: directory.path + "/traces/order.1.jsonl", encoding: .utf8)
        #expect(now.utf8.count <= 100)
        #expect(before.utf8.count <= 100)
        #expect((before + now).hasSuffix("{\"number\":118}\n{\"number\":119}\n"))
    }

    @Test(
        "an address of a collector is host and port, nothing else",
        arguments: [
            ("http://127.0.0.1:4318", true), ("http://collector:4318/", true), ("https://collector:4318", false),
            ("http://collector", false), ("collector:4318", false), ("http://a:4318/v1/traces", false),
            ("http://a:0", false), ("http://u:p@a:4318", false), ("", false), ("http://:4318", false),
        ])
    func address(text: String, isOne: Bool) {
        #expect((CollectorAddress(text) != nil) == isOne)
    }
}

import Contracts
import Delivery
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore
import PaymentService
import ProcessSettings
import ServiceRuntime
import Synchronization
import Testing
import TestSupport
import Tracing

@testable import Web

@Suite("Traces and metrics at the doors", .timeLimit(.minutes(5)))
struct TelemetryTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let caller = "00-\(trace)-00f067aa0ba902b7-01"

    private func traceparents(_ shop: RunningShop) throws -> [String?] {
        try shop.node.database.read { try Data.fetchAll($0, sql: "SELECT event FROM outbox ORDER BY sequence") }
            .map { try EventCoding.decode([UInt8]($0)).traceparent }
    }

    @Test("a checkout's and a cancellation's trace context stands in their events")
    func intoTheOutbox() async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let client = try RawClient(port)
                let headers = Shopper.headers() + ["traceparent: \(Self.caller)"]
                let answer = try client.call("POST", "/v1/orders", headers, body: Array(Shopper.body.utf8))
                let order = try #require(answer["orderId"])
                _ = try client.call(
                    "DELETE", "/v1/orders/\(order)", Shopper.opening(order) + ["traceparent: \(Self.caller)"])
            }
        }
        #expect(try traceparents(shop) == [Self.caller, Self.caller])
    }

    @Test(
        "what is no trace context is as if it were not there",
        arguments: [
            "", "hello", "00-\(String(repeating: "0", count: 32))-00f067aa0ba902b7-01", caller + "-x",
            String(repeating: "f", count: 4000),
        ])
    func hostile(text: String) async throws {
        let shop = try RunningShop()
        try await shop.serving { port in
            try await blocking {
                let headers = Shopper.headers() + ["traceparent: \(text)"]
                let answer = try RawClient(port).call("POST", "/v1/orders", headers, body: Array(Shopper.body.utf8))
                #expect(answer.status == 202)
            }
        }
        #expect(try traceparents(shop) == [nil])
    }

    @Test(
        "a trace that begins here and that nobody records has no name; a caller's goes on, recorded or not",
        arguments: [(0.0, nil, nil), (1, nil, true), (0, caller, true), (1, String(caller.dropLast()) + "0", false)])
    func begins(share: Double, caller: String?, isSampled: Bool?) async {
        let tracer = SpanTracer(
            sampling: Sampling(share: share), outlets: [SpanQueue(limit: 10, destination: "test")])
        var headers = HTTPFields()
        if let name = HTTPField.Name("traceparent") { headers[name] = caller }
        let request = Request(
            head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/orders", headerFields: headers),
            body: RequestBody(buffer: ByteBuffer()))
        let place = Mutex<TraceContext?>(nil)
        _ = await RequestTelemetry(tracer: tracer).observe(request, route: "/v1/orders") {
            place.withLock { $0 = InstrumentationContext.current?.place }
            return Response(status: .accepted)
        }
        let seen = place.withLock { $0 }
        #expect(seen?.isSampled == isSampled)
        #expect(caller == nil || seen?.trace.description == Self.trace)
    }

    @Test("a call to the gateway carries its place in the trace, and one without a trace nothing")
    func toTheGateway() async throws {
        let server = try ScriptedServer { _ in
            .json(200, #"{"id":"pi_1","object":"payment_intent","status":"succeeded"}"#)
        }
        defer { server.stop() }
        let gateway = MeasuredGateway(HTTPGateway(port: server.port, connections: 1, timeout: .seconds(60)))
        let place = try #require(TraceContext(Self.caller))
        _ = try await InstrumentationContext.$current.withValue(InstrumentationContext(place)) {
            try await gateway.charge(key: "charge:1", body: [])
        }
        _ = try await gateway.charge(key: "charge:2", body: [])
        #expect(server.calls.map(\.traceparent) == [Self.caller, nil])
    }

    @Test("a collector takes spans where it answers 2xx; anything else is thrown", arguments: [200, 202, 400, 503])
    func collector(status: Int) async throws {
        let server = try ScriptedServer { _ in .json(status, "{}") }
        defer { server.stop() }
        let collector = HTTPCollector(try #require(CollectorAddress("http://127.0.0.1:\(server.port)")))
        let isTaken: Bool
        do {
            try await collector.send(Array("{}".utf8))
            isTaken = true
        } catch {
            isTaken = false
        }
        #expect(isTaken == (status < 300))
        #expect(server.calls.map(\.path) == ["/v1/traces"])
    }

    @Test("a collector is found by its name, too")
    func byName() async throws {
        let server = try ScriptedServer { _ in .json(200, "{}") }
        defer { server.stop() }
        let collector = HTTPCollector(try #require(CollectorAddress("http://localhost:\(server.port)")))
        try await collector.send([])
        #expect(server.calls.count == 1)
    }
}

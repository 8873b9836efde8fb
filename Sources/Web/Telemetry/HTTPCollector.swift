package import ProcessSettings
import ServiceRuntime

/// A collector of traces that takes OTLP/JSON over HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").
///
/// One request at a time, with a time limit: a collector that does not answer costs the spans, never an order.
package struct HTTPCollector: SpanDestination {
    package let name = "collector"
    private let client: PooledHTTPClient

    private static let timeout = Duration.seconds(2)

    package init(_ address: CollectorAddress) {
        client = PooledHTTPClient(host: address.host, port: address.port, connections: 1, timeout: Self.timeout)
    }

    package func send(_ request: [UInt8]) async throws {
        let answer = try await client.post("/v1/traces", idempotencyKey: nil, body: request)
        guard (200...299).contains(answer.status) else { throw answer.unknownOutcome }
    }
}

import Contracts
import Delivery
import HTTPTypes
import Hummingbird
import Metrics
package import ServiceRuntime
import Synchronization
import Tracing

/// Measures the requests of one server, and traces those that change something.
///
/// Names: OpenTelemetry semantic conventions for HTTP 1.37.
package final class RequestTelemetry: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private let tracer: SpanTracer?
    private let timers = Mutex<[Key: Metrics.Timer]>([:])
    /// Any other counts as `_OTHER`: what a method is called comes from outside.
    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]

    /// - Parameter tracer: nil where no spans are recorded.
    package init(tracer: SpanTracer? = nil) {
        self.tracer = tracer
    }

    /// Answers a request, with its place in a trace in the task's context.
    ///
    /// - Parameter route: the path's pattern, `/v1/orders/{id}`: one of few, whatever the path.
    func observe(_ request: Request, route: String, _ answer: () async -> Response) async -> Response {
        let start = ContinuousClock.now
        let method = Self.methods.contains(request.method.rawValue) ? request.method.rawValue : "_OTHER"
        let response: Response
        if request.method == .post || request.method == .delete {
            response = await traced(request, method, route, answer)
        } else {
            response = await answer()
        }
        timer(Key(method: method, route: route, status: response.status.code))
            .record(duration: ContinuousClock.now - start)
        return response
    }

    private func timer(_ key: Key) -> Metrics.Timer {
        timers.withLock { timers in
            if let known = timers[key] { return known }
            let timer = ShopMetrics.requestDuration.timer(key.method, key.route, String(key.status))
            timers[key] = timer
            return timer
        }
    }

    // MARK: - Traces

    private func traced(
        _ request: Request, _ method: String, _ route: String, _ answer: () async -> Response
    ) async -> Response {
        let caller = request.headers[.traceparent].flatMap { TraceContext($0) }
        guard let tracer else {
            // What the caller says goes on, although nobody records it here.
            return await InstrumentationContext.$current.withValue(InstrumentationContext(caller)) { await answer() }
        }
        let span = tracer.startSpan(
            "\(method) \(route)", context: InstrumentationContext(caller), ofKind: .server)
        // A trace that begins here and that nobody records needs no name: its events stay an eighth smaller.
        let context = span.isRecording || caller != nil ? span.context : .topLevel
        let response = await InstrumentationContext.$current.withValue(context) { await answer() }
        if span.isRecording { describe(span, method, route, response) }
        span.end()
        return response
    }

    private func describe(_ span: RecordedSpan, _ method: String, _ route: String, _ response: Response) {
        span.attributes = [
            "http.request.method": .string(method), "http.route": .string(route), "url.scheme": "http",
            "http.response.status_code": .int64(Int64(response.status.code)),
        ]
        if let location = response.headers[.location] {
            span.attributes["http.response.header.location"] = location
        }
        if response.status.code >= 500 {
            span.attributes["error.type"] = String(response.status.code)
            span.setStatus(SpanStatus(code: .error))
        }
    }
}

extension HTTPField.Name {
    /// W3C Trace Context. The unwrapping holds: the name has token characters only.
    static let traceparent = Self("traceparent")!
}

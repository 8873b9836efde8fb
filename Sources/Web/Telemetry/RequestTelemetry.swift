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

    /// One request, from its begin to its end.
    struct Observation: Sendable {
        fileprivate let start: ContinuousClock.Instant
        fileprivate let method: String
        fileprivate let route: String
        fileprivate let span: RecordedSpan?
        /// The request's place in a trace, where it changes something.
        let context: InstrumentationContext?
    }

    /// - Parameters:
    ///   - route: the path's pattern, `/v1/orders/{id}`: one of few, whatever the path.
    ///   - traceparent: what the caller says of its own trace.
    func begin(_ method: HTTPRequest.Method, route: String, traceparent: String?) -> Observation {
        let start = ContinuousClock.now
        let name = Self.methods.contains(method.rawValue) ? method.rawValue : "_OTHER"
        guard method == .post || method == .delete else {
            return Observation(start: start, method: name, route: route, span: nil, context: nil)
        }
        let caller = traceparent.flatMap { TraceContext($0) }
        guard let tracer else {
            // What the caller says goes on, although nobody records it here.
            return Observation(
                start: start, method: name, route: route, span: nil, context: InstrumentationContext(caller))
        }
        let span = tracer.startSpan("\(name) \(route)", context: InstrumentationContext(caller), ofKind: .server)
        // A trace that begins here and that nobody records needs no name: its events stay an eighth smaller.
        let context = span.isRecording || caller != nil ? span.context : .topLevel
        return Observation(start: start, method: name, route: route, span: span, context: context)
    }

    func end(_ observation: Observation, status: Int, location: String?) {
        if let span = observation.span {
            if span.isRecording { describe(span, observation, status, location) }
            span.end()
        }
        timer(Key(method: observation.method, route: observation.route, status: status))
            .record(duration: ContinuousClock.now - observation.start)
    }

    /// Answers a request, with its place in a trace in the task's context.
    func observe(_ request: Request, route: String, _ answer: () async -> Response) async -> Response {
        let observation = begin(request.method, route: route, traceparent: request.headers[.traceparent])
        let response: Response
        if let context = observation.context {
            response = await InstrumentationContext.$current.withValue(context) { await answer() }
        } else {
            response = await answer()
        }
        end(observation, status: response.status.code, location: response.headers[.location])
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

    private func describe(_ span: RecordedSpan, _ observation: Observation, _ status: Int, _ location: String?) {
        span.attributes = [
            "http.request.method": .string(observation.method), "http.route": .string(observation.route),
            "url.scheme": "http", "http.response.status_code": .int64(Int64(status)),
        ]
        if let location { span.attributes["http.response.header.location"] = location }
        if status >= 500 {
            span.attributes["error.type"] = String(status)
            span.setStatus(SpanStatus(code: .error))
        }
    }
}

extension HTTPField.Name {
    /// W3C Trace Context. The unwrapping holds: the name has token characters only.
    static let traceparent = Self("traceparent")!
}

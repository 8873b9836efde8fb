import Delivery
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A responder that throws a `Problem` for whatever it refuses.
protocol Endpoint: Sendable {
    func answer(_ request: Request) async throws -> Response

    /// What measures and traces its requests; nil where nothing does.
    var telemetry: RequestTelemetry? { get }
    /// The pattern of a path: one of few, whatever the path.
    func route(of path: String) -> String
}

extension Endpoint {
    var telemetry: RequestTelemetry? { nil }
    func route(of path: String) -> String { "other" }
}

extension Endpoint {
    /// A server on loopback that answers as this endpoint says.
    func server(port: Int, limits: HTTPServer.Limits, logger: Logger) -> any Service {
        HTTPServer(
            port: port, limits: limits, logger: logger,
            bodyTooLarge: { Problem.bodyTooLarge(limit: limits.bodyBytes).response }
        ) { request, _ in
            guard let telemetry else { return await response(to: request, logger) }
            return await telemetry.observe(request, route: route(of: request.uri.path)) {
                await response(to: request, logger)
            }
        }
    }

    private func response(to request: Request, _ logger: Logger) async -> Response {
        do {
            return try await answer(request)
        } catch {
            return Self.problem(error, request, logger).response
        }
    }

    private static func problem(_ error: any Error, _ request: Request, _ logger: Logger) -> Problem {
        if let problem = error as? Problem { return problem }
        if case .environment(let reason) = Fault.classify(error) {
            logger.error(
                "a request cannot be answered now", metadata: ["path": "\(request.uri.path)", "error": "\(reason)"])
            return .unavailable("the service's disk or database does not take it", retryAfterSeconds: 1)
        }
        // Whoever asked is gone, or the service is stopping.
        if !(error is CancellationError || error is ChannelError) {
            logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
        }
        return Problem(500, "internal", "Internal error", detail: "the request could not be answered")
    }
}

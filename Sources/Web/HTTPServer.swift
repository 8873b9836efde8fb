import Delivery
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A responder that throws a `Problem` for whatever it refuses.
protocol Endpoint: Sendable {
    func answer(_ request: Request) async throws -> Response
}

/// An HTTP server on loopback, as a service.
enum HTTPServer {
    /// Connections waiting to be accepted: what Linux allows by default (net.core.somaxconn).
    static let backlog = 4096

    static func make(
        port: Int, maximumConnections: Int, endpoint: some Endpoint, logger: Logger
    ) -> any Service {
        Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                do {
                    return try await endpoint.answer(request)
                } catch let error as HTTPParserError {
                    throw error  // not HTTP: Hummingbird answers 400 and closes the connection
                } catch {
                    return problem(error, request, logger).response
                }
            },
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: port), backlog: backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(maximumConnections)),
            logger: quiet(logger))
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

    /// Hummingbird's own notes of start and stop are of no use to a reader of the service's log.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = .warning
        return logger
    }
}

import Delivery
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A responder that throws a `Problem` for whatever it refuses.
protocol Endpoint: Sendable {
    /// Everything that can be asked of it.
    var operations: [HTTPOperation] { get }
    /// Called for a request that is for one of the operations.
    func answer(_ request: Request) async throws -> Response

    /// Takes a request that needs no task, and answers it with `reply`; false leaves it to `answer`.
    func answerDirectly(_ head: HTTPRequestHead, _ body: ByteBuffer, _ reply: DirectReply, _ logger: Logger) -> Bool

    /// What measures and traces its requests; nil where nothing does.
    var telemetry: RequestTelemetry? { get }
    /// The pattern of a path: one of few, whatever the path.
    func route(of path: String) -> String
    /// Nil where a client may ask as often as it likes.
    var rateLimit: ClientRateLimit? { get }
}

extension Endpoint {
    func answerDirectly(_ head: HTTPRequestHead, _ body: ByteBuffer, _ reply: DirectReply, _ logger: Logger) -> Bool {
        false
    }
    var telemetry: RequestTelemetry? { nil }
    func route(of path: String) -> String { "other" }
    var rateLimit: ClientRateLimit? { nil }
}

extension Endpoint {
    /// A server that answers as this endpoint says.
    func server(
        host: String = HTTPServer.loopback, port: Int, limits: HTTPServer.Limits, hosts: HostPolicy = HostPolicy(),
        logger: Logger
    ) -> any Service {
        HTTPServer(
            host: host, port: port, limits: limits, hosts: hosts, logger: logger, refuse: { Problem($0).response },
            respondDirectly: { head, body, reply in answerDirectly(head, body, reply, logger) }
        ) { request, channel in
            guard let telemetry else { return await response(to: request, channel, logger) }
            return await telemetry.observe(request, route: route(of: request.uri.path)) {
                await response(to: request, channel, logger)
            }
        }
    }

    private func response(to request: Request, _ channel: any Channel, _ logger: Logger) async -> Response {
        let operation: HTTPOperation
        do {
            operation = try operations.operation(request.method, request.uri.path)
        } catch {
            return error.response
        }
        do {
            if operation.isLimited, let seconds = rateLimit?.secondsToWait(channel.remoteAddress) {
                throw Problem.tooManyRequests(retryAfterSeconds: seconds)
            }
            let response = try await answer(request)
            assert(
                operation.lists(response.status.code),
                "\(operation.path) does not list that it answers \(response.status)")
            return response
        } catch {
            let problem = Self.problem(of: error, path: request.uri.path, logger)
            assert(operation.lists(problem), "\(operation.path) does not list that it refuses with \(problem)")
            return problem.response
        }
    }

    static func problem(of error: any Error, path: String, _ logger: Logger) -> Problem {
        if let problem = error as? Problem { return problem }
        if case .environment(let reason) = Fault.classify(error) {
            logger.error(
                "a request cannot be answered now", metadata: ["path": "\(path)", "error": "\(reason)"])
            return .unavailable("the service's disk or database does not take it", retryAfterSeconds: 1)
        }
        // Whoever asked is gone, or the service is stopping.
        if !(error is CancellationError || error is ChannelError) {
            logger.error("a request failed", metadata: ["path": "\(path)", "error": "\(error)"])
        }
        return Problem(500, .internal, "Internal error", detail: "the request could not be answered")
    }
}

import HTTPTypes
import Hummingbird
package import Logging
package import ServiceLifecycle
import ServiceRuntime

/// A service's admin surface: health, metrics, and what the service adds.
package enum AdminServer {
    /// Connections: an operator, a scraper, a few tools.
    private static let maximumConnections = 256

    package static func make(port: Int, logger: Logger, actions: [AdminAction] = []) -> any Service {
        HTTPServer.make(
            port: port, maximumConnections: maximumConnections, endpoint: AdminEndpoint(actions: actions),
            logger: logger)
    }
}

/// One thing an operator can make a service do, over `PUT`.
package struct AdminAction: Sendable {
    let path: String
    let bodyLimit: Int
    let run: @Sendable (_ body: [UInt8]) async throws -> [UInt8]

    /// - Parameter run: takes the body, returns the answer's JSON; throws a `Problem`.
    init(path: String, bodyLimit: Int, run: @escaping @Sendable ([UInt8]) async throws -> [UInt8]) {
        self.path = path
        self.bodyLimit = bodyLimit
        self.run = run
    }
}

private struct AdminEndpoint: Endpoint {
    let actions: [AdminAction]

    func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        if let action = actions.first(where: { $0.path == path }) {
            guard request.method == .put else { throw Problem.wrongMethod(request.method, allowed: "PUT") }
            let body = try await RequestBody.read(request, limit: action.bodyLimit)
            return JSONAnswer.response(.ok, data: .init(try await action.run([UInt8](body))))
        }
        guard path == "/health/live" || path == "/health/ready" || path == "/metrics" else {
            throw Problem.notFound(path)
        }
        guard request.method == .get || request.method == .head else {
            throw Problem.wrongMethod(request.method, allowed: "GET, HEAD")
        }
        if path == "/metrics" {
            return TextAnswer.response(
                PrometheusRegistry.shared.text(), contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
        return TextAnswer.response("ok\n")
    }
}

import Delivery
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
package import ServiceLifecycle
package import ServiceRuntime

/// A service's admin surface: health, metrics, and what the service adds.
package enum AdminServer {
    /// Connections: an operator, a scraper, a few tools.
    private static let maximumConnections = 256
    /// Where no action takes more.
    private static let maximumBodyBytes = 64 * 1024

    package static func make(port: Int, process: ServiceProcess, actions: [AdminAction] = []) -> any Service {
        make(port: port, logger: process.logger, standing: process.node.standing, actions: actions)
    }

    static func make(
        port: Int, logger: Logger, standing: Standing = Standing(), actions: [AdminAction] = []
    ) -> any Service {
        AdminEndpoint(actions: actions, standing: standing).server(
            port: port,
            limits: HTTPServer.Limits(
                connections: maximumConnections, bodyBytes: actions.map(\.bodyLimit).max() ?? maximumBodyBytes),
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
    let standing: Standing

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
        let waiting = path == "/health/ready" ? standing.parts : []
        guard waiting.isEmpty else {
            let lines = waiting.map { "\($0.part) stands: \($0.reason)\n" }
            return TextAnswer.response(lines.joined(), status: .serviceUnavailable)
        }
        return TextAnswer.response("ok\n")
    }
}

import Delivery
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
package import ServiceLifecycle
package import ServiceRuntime

/// A service's admin surface: health, metrics, the operator's desk, and what the service adds.
package enum AdminServer {
    /// Connections: an operator, a scraper, a few tools.
    private static let maximumConnections = 256
    /// Where no action takes more.
    private static let maximumBodyBytes = 64 * 1024

    /// - Throws: `OperatorTokenError`, `DatabaseError`.
    package static func make(
        port: Int, process: ServiceProcess, actions: [AdminAction] = [], surfaces: [any Surface] = []
    ) throws -> any Service {
        let token = try OperatorToken.load(dataDirectory: process.settings.dataDirectory)
        let status = ServiceStatus(
            service: process.node.card.name, standing: process.node.standing, testFaults: process.testFaults)
        let delivery = DeliveryPage(
            card: process.node.card, reader: try DatabaseReader(path: process.node.database.path))
        let desk = OperatorActions(queue: process.operators, token: token, testFaults: process.testFaults)
        return make(
            port: port, logger: process.logger, standing: process.node.standing, status: status,
            actions: actions + desk.all, surfaces: [delivery] + surfaces)
    }

    static func make(
        port: Int, logger: Logger, standing: Standing = Standing(), status: ServiceStatus? = nil,
        actions: [AdminAction] = [], surfaces: [any Surface] = []
    ) -> any Service {
        AdminEndpoint(actions: actions, standing: standing, status: status, surfaces: surfaces).server(
            port: port,
            limits: HTTPServer.Limits(
                connections: maximumConnections, bodyBytes: actions.map(\.bodyLimit).max() ?? maximumBodyBytes),
            logger: logger)
    }
}

private struct AdminEndpoint: Endpoint {
    let actions: [AdminAction]
    let standing: Standing
    let status: ServiceStatus?
    let surfaces: [any Surface]

    func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        if let action = actions.first(where: { $0.path == path }) { return try await action.answer(request) }
        switch path {
        case "/health/live":
            try requireReading(request)
            return TextAnswer.response("ok\n")
        case "/health/ready":
            try requireReading(request)
            return ready
        case "/metrics":
            try requireReading(request)
            return TextAnswer.response(
                await PrometheusRegistry.shared.scrape(), contentType: "text/plain; version=0.0.4; charset=utf-8")
        case ServiceStatus.path:
            guard let status else { throw Problem.notFound(path) }
            try requireReading(request)
            return JSONAnswer.response(.ok, status)
        default:
            guard let answer = try await surfaces.answer(request) else { throw Problem.notFound(path) }
            return answer
        }
    }

    private func requireReading(_ request: Request) throws {
        guard request.method == .get || request.method == .head else {
            throw Problem.wrongMethod(request.method, allowed: "GET, HEAD")
        }
    }

    private var ready: Response {
        let waiting = standing.parts
        guard waiting.isEmpty else {
            let lines = waiting.map { "\($0.part) stands: \($0.reason)\n" }
            return TextAnswer.response(lines.joined(), status: .serviceUnavailable)
        }
        return TextAnswer.response("ok\n")
    }
}

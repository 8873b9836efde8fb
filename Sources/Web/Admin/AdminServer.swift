import Access
import Delivery
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import ProcessSettings
package import ServiceLifecycle
package import ServiceRuntime

/// A service's admin surface: health, metrics, the operator's desk, and what the service adds.
package enum AdminServer {
    /// Connections: an operator, a scraper, a few tools.
    private static let maximumConnections = 256
    /// Where no action takes more.
    private static let maximumBodyBytes = 64 * 1024

    /// - Throws: `AccessError`, `DatabaseError`.
    package static func make(
        port: Int, process: ServiceProcess, actions: [AdminAction] = [], surfaces: [any Surface] = []
    ) throws -> any Service {
        let token = try OperatorToken.load(dataDirectory: process.settings.dataDirectory)
        let status = ServiceStatus(
            service: process.node.card.name, standing: process.node.standing, testFaults: process.testFaults)
        let delivery = DeliveryPage(
            card: process.node.card, reader: try DatabaseReader(path: process.node.database.path))
        let desk = OperatorActions(queue: process.operators, testFaults: process.testFaults)
        let all = actions + desk.all
        return make(
            host: process.settings.adminListenAddress, port: port, logger: process.logger, token: token,
            standing: process.node.standing, status: status,
            actions: all, surfaces: [delivery] + surfaces, limits: limits(all).limited(by: process.settings),
            hosts: HostPolicy(names: process.settings.hostNames))
    }

    static func make(
        host: String = HTTPServer.loopback, port: Int, logger: Logger, token: OperatorToken,
        standing: Standing = Standing(), status: ServiceStatus? = nil, actions: [AdminAction] = [],
        surfaces: [any Surface] = [], limits: HTTPServer.Limits? = nil, hosts: HostPolicy = HostPolicy()
    ) -> any Service {
        AdminEndpoint(token: token, actions: actions, standing: standing, status: status, surfaces: surfaces).server(
            host: host, port: port, limits: limits ?? Self.limits(actions), hosts: hosts, logger: logger)
    }

    private static func limits(_ actions: [AdminAction]) -> HTTPServer.Limits {
        HTTPServer.Limits(
            connections: maximumConnections, bodyBytes: actions.map(\.bodyLimit).max() ?? maximumBodyBytes)
    }
}

private struct AdminEndpoint: Endpoint {
    let token: OperatorToken
    let actions: [AdminAction]
    let standing: Standing
    let status: ServiceStatus?
    let surfaces: [any Surface]
    let operations: [HTTPOperation]

    init(
        token: OperatorToken, actions: [AdminAction], standing: Standing, status: ServiceStatus?,
        surfaces: [any Surface]
    ) {
        self.token = token
        self.actions = actions
        self.standing = standing
        self.status = status
        self.surfaces = surfaces
        operations =
            AdminOperations.health + (status == nil ? [] : [AdminOperations.status]) + actions.map(\.operation)
            + surfaces.flatMap(\.operations)
    }

    func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        if let action = actions.first(where: { $0.path == path }) { return try await action.answer(request, token) }
        switch path {
        case "/health/live":
            return TextAnswer.response("ok\n")
        case "/health/ready":
            return ready
        case "/metrics":
            return TextAnswer.response(
                await PrometheusRegistry.shared.scrape(), contentType: "text/plain; version=0.0.4; charset=utf-8")
        case ServiceStatus.path:
            guard let status else { throw Problem.notFound(path) }
            return JSONAnswer.response(.ok, status)
        default:
            guard let answer = try await surfaces.answer(request) else { throw Problem.notFound(path) }
            return answer
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

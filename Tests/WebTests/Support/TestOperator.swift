import Access
import Delivery
import Logging
import ServiceLifecycle

@testable import Web

/// The operator of the services under test.
enum TestOperator {
    static let secret = String(repeating: "5e", count: 32)
    static let token = try! OperatorToken(secret)  // 64 digits are a token
    static let authorization = "Authorization: Bearer \(secret)"
}

extension AdminServer {
    /// With the operator above.
    static func make(
        port: Int, logger: Logger, standing: Standing = Standing(), status: ServiceStatus? = nil,
        actions: [AdminAction] = [], surfaces: [any Surface] = []
    ) -> any Service {
        make(
            port: port, logger: logger, token: TestOperator.token, standing: standing, status: status, actions: actions,
            surfaces: surfaces)
    }
}

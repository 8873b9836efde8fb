import HTTPTypes
import Hummingbird
import ServiceRuntime

/// One thing an operator can make a service do, over `PUT`.
package struct AdminAction: Sendable {
    let path: String
    let bodyLimit: Int
    /// Who may; nil where whoever reaches the port may.
    let token: OperatorToken?
    let run: @Sendable (_ body: [UInt8]) async throws -> [UInt8]

    /// - Parameter run: takes the body, returns the answer's JSON; throws a `Problem`.
    init(
        path: String, bodyLimit: Int, token: OperatorToken? = nil,
        run: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) {
        self.path = path
        self.bodyLimit = bodyLimit
        self.token = token
        self.run = run
    }

    /// - Throws: `Problem`; of a request that may not be made, the body is not read.
    func answer(_ request: Request) async throws -> Response {
        guard request.method == .put else { throw Problem.wrongMethod(request.method, allowed: "PUT") }
        if let token, !token.isNamed(by: request.headers[.authorization]) { throw Problem.unauthorized }
        let body = try await RequestBody.read(request, limit: bodyLimit)
        return JSONAnswer.response(.ok, data: .init(try await run([UInt8](body))))
    }
}

extension Problem {
    static var unauthorized: Problem {
        var problem = Problem(
            401, "unauthorized", "Not an operator",
            detail: "send 'Authorization: Bearer TOKEN'; the token is the text of \(OperatorToken.fileName) in the "
                + "service's data directory")
        problem.headers = [(.wwwAuthenticate, "Bearer")]
        return problem
    }
}

import Access
import Contracts
import HTTPTypes
import Hummingbird

/// One thing an operator can make a service do, over `PUT`.
///
/// *Guarantee*: none is done for whoever does not present the operator's token: it is asked for here, of every action there
/// is. *If broken*: a page in a browser on this machine sets prices, stock and dead letters.
package struct AdminAction: Sendable {
    let path: String
    let operation: HTTPOperation
    let bodyLimit: Int
    let run: @Sendable (_ body: [UInt8]) async throws -> [UInt8]

    /// - Parameters:
    ///   - waits: whether it waits for the consumer.
    ///   - refusals: besides those that every action has.
    ///   - run: takes the body, returns the answer's JSON; throws a `Problem`.
    init(
        path: String, bodyLimit: Int, waits: Bool = false, refusals: Set<HTTPOperation.Refusal> = [],
        run: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) {
        self.path = path
        operation = AdminOperations.action(path, waits: waits, refusals)
        self.bodyLimit = bodyLimit
        self.run = run
    }

    /// - Throws: `Problem`; of a request that may not be made, the body is not read.
    func answer(_ request: Request, _ token: OperatorToken) async throws -> Response {
        try requireOperator(request, token)
        let body = try await RequestBody.read(request, limit: bodyLimit)
        return JSONAnswer.response(.ok, data: .init(try await run([UInt8](body))))
    }

    private func requireOperator(_ request: Request, _ token: OperatorToken) throws {
        #if MUTANTS
            if Mutant.operatorTokenNotAsked.isOn { return }
        #endif
        guard token.isNamed(by: request.headers[.authorization]) else { throw Problem.notAnOperator }
    }
}

extension Problem {
    static var notAnOperator: Problem {
        var problem = Problem(
            401, .unauthorized, "Not an operator",
            detail: "send 'Authorization: Bearer TOKEN'; the token is the text of \(OperatorToken.fileName) in the "
                + "service's data directory")
        problem.headers = [(.wwwAuthenticate, "Bearer")]
        return problem
    }
}

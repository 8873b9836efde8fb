package import Access
import Contracts
import HTTPTypes
import Hummingbird

/// Who may look at an order, or ask for its cancellation: whoever presents the token that its `202` gave.
///
/// *Guarantee*: decided by id and token alone, before anything is looked up: an order that exists and one that does not
/// are refused alike. *If broken*: whoever tries ids learns which orders there are, and when they were placed.
package struct OrderAccess: Sendable {
    private let tokens: OrderTokens

    package init(_ tokens: OrderTokens) {
        self.tokens = tokens
    }

    func token(of order: OrderID) -> String { tokens.token(of: order.bytes) }

    /// - Throws: `Problem`.
    func require(_ request: Request, for order: OrderID) throws {
        #if MUTANTS
            if Mutant.orderTokenNotAsked.isOn { return }
        #endif
        guard let token = BearerToken.presented(by: request.headers[.authorization]) else { throw Problem.noOrderToken }
        guard tokens.accept(token, of: order.bytes) else { throw Problem.otherOrderToken }
    }
}

extension Problem {
    fileprivate static var noOrderToken: Problem {
        var problem = Problem(
            401, .unauthorized, "Token missing",
            detail: "send 'Authorization: Bearer TOKEN'; the token came with the order's 202")
        problem.headers = [(.wwwAuthenticate, "Bearer")]
        return problem
    }

    fileprivate static var otherOrderToken: Problem {
        Problem(403, .forbidden, "Not this order's token", detail: "the token does not open this order")
    }
}

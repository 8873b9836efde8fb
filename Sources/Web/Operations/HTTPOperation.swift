import HTTPTypes

/// One operation of an HTTP surface: method, path, and every answer that it can give.
///
/// *Guarantee*: a server answers what is in its list of operations, and nothing else: what is in no list is 404 or 405, and
/// an answer that its operation does not list stops a debug build. docs/reference/openapi.yaml says the same, which
/// `WebTests/DescriptionTests` holds. *If broken*: the description is a story about the shop.
package struct HTTPOperation: Sendable {
    /// A refusal, as a client sees it.
    struct Refusal: Hashable, Sendable {
        let status: Int
        let type: ProblemType

        init(_ status: Int, _ type: ProblemType) {
            self.status = status
            self.type = type
        }
    }

    let method: HTTPRequest.Method
    let path: PathPattern
    /// Of answers that are no refusals.
    let statuses: Set<Int>
    let refusals: Set<Refusal>
    /// Whether it counts against what one client address may ask in a second.
    let isLimited: Bool

    /// - Parameters:
    ///   - refusals: besides those that any request can meet.
    ///   - isLimited: adds the refusal for it.
    init(
        _ method: HTTPRequest.Method, _ path: PathPattern, _ statuses: Set<Int> = [200],
        _ refusals: Set<Refusal> = [], isLimited: Bool = false
    ) {
        self.method = method
        self.path = path
        self.statuses = statuses
        self.refusals =
            refusals.union(isLimited ? [Refusal(429, .tooManyRequests)] : [])
            .union(path.hasParameter ? [Refusal(404, .notFound)] : [])
        self.isLimited = isLimited
    }

    /// What any request can meet: it is refused before its operation is asked, or the service cannot answer just now.
    static let commonRefusals: Set<Refusal> = [
        Refusal(400, .malformedRequest), Refusal(408, .requestTimeout), Refusal(413, .bodyTooLarge),
        Refusal(417, .expectationFailed), Refusal(421, .misdirectedRequest), Refusal(431, .headTooLarge),
        Refusal(500, .internal), Refusal(503, .unavailable),
    ]

    /// What a body of JSON can have wrong.
    static let bodyRefusals: Set<Refusal> = [
        Refusal(400, .malformedJSON), Refusal(400, .missingField), Refusal(400, .wrongType),
        Refusal(415, .unsupportedMediaType), Refusal(422, .invalidField),
    ]

    /// Where the order's token opens it.
    static let tokenRefusals: Set<Refusal> = [Refusal(401, .unauthorized), Refusal(403, .forbidden)]

    func lists(_ status: Int) -> Bool { statuses.contains(status) }

    func lists(_ problem: Problem) -> Bool {
        let refusal = Refusal(problem.status, problem.type)
        guard refusals.contains(refusal) || Self.commonRefusals.contains(refusal) else { return false }
        return Self.header(with: problem.status).map { name in problem.headers.contains { $0.0 == name } } ?? true
    }

    /// The header that a refusal of this status comes with.
    static func header(with status: Int) -> HTTPField.Name? {
        switch status {
        case 401: .wwwAuthenticate
        case 405: .allow
        case 429, 503: .retryAfter
        default: nil
        }
    }
}

/// A path, or all paths that differ in their last part: `/v1/orders/{id}`.
package struct PathPattern: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let description: String
    private let prefix: String
    let hasParameter: Bool

    package init(stringLiteral text: String) { self.init(text) }

    init(_ text: String) {
        description = text
        hasParameter = text.hasSuffix("}")
        prefix = String(text.prefix { $0 != "{" })
    }

    func matches(_ path: String) -> Bool {
        guard hasParameter else { return path == prefix }
        return path.count > prefix.count && path.hasPrefix(prefix) && !path.dropFirst(prefix.count).contains("/")
    }
}

extension [HTTPOperation] {
    /// The one that a request is for; a HEAD is a GET of which only the head is wanted.
    ///
    /// - Throws: `Problem` 404, or 405 with what is allowed.
    func operation(_ method: HTTPRequest.Method, _ path: String) throws(Problem) -> HTTPOperation {
        let wanted = method == .head ? .get : method
        // One pass for what is there; what is not may take another.
        if let operation = first(where: { $0.method == wanted && $0.path.matches(path) }) { return operation }
        let methods = filter { $0.path.matches(path) }.map(\.method)
        guard !methods.isEmpty else { throw .notFound(path) }
        let allowed = methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }
        throw .wrongMethod(method, allowed: allowed.joined(separator: ", "))
    }
}

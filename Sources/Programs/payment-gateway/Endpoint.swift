import Foundation
import HTTPTypes

/// What a method and path ask for.
enum Endpoint: Equatable, Sendable {
    case charge
    case refund
    case void(String)
    case look(String)
    case live, ready, metrics, readFaults, changeFaults

    /// - Parameter path: as sent, percent-encoded: a key may hold an encoded `/`.
    init(method: HTTPRequest.Method, path: String) throws(Refusal) {
        switch path {
        case "/v1/payment_intents":
            self = try Self.pick(method, [(.post, .charge)])
        case "/v1/refunds":
            self = try Self.pick(method, [(.post, .refund)])
        case "/health/live":
            self = try Self.pick(method, [(.get, .live)])
        case "/health/ready":
            self = try Self.pick(method, [(.get, .ready)])
        case "/metrics":
            self = try Self.pick(method, [(.get, .metrics)])
        case "/test/faults":
            self = try Self.pick(method, [(.get, .readFaults), (.put, .changeFaults)])
        default:
            self = try Self.key(method, path: path)
        }
    }

    private static func key(_ method: HTTPRequest.Method, path: String) throws(Refusal) -> Endpoint {
        let prefix = "/v1/idempotency_keys/"
        guard path.hasPrefix(prefix) else { throw notFound }
        let parts = path.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty else { throw notFound }
        guard let key = String(first).removingPercentEncoding else {
            throw .invalid(parameter: "key", "The key in the path is not percent-encoded UTF-8.")
        }
        switch parts.dropFirst() {
        case []: return try pick(method, [(.get, .look(key))])
        case ["void"]: return try pick(method, [(.post, .void(key))])
        default: throw notFound
        }
    }

    private static func pick(
        _ method: HTTPRequest.Method, _ endpoints: [(HTTPRequest.Method, Endpoint)]
    ) throws(Refusal) -> Endpoint {
        for (candidate, endpoint) in endpoints where candidate == method { return endpoint }
        let allowed = endpoints.map(\.0.rawValue).joined(separator: ", ")
        throw Refusal(
            status: 405, code: "method_not_allowed", message: "This address takes \(allowed) only.", allow: allowed)
    }

    private static let notFound = Refusal(status: 404, code: "not_found", message: "There is nothing at this address.")
}

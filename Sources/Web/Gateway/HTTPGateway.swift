import Contracts
import Foundation
import HTTPServing
import NIOHTTP1
package import PaymentService

/// The payment gateway over HTTP: says what each answer means for the key.
///
/// *Rule*: only an answer that the gateway binds to the key is final. A time-out, a cut connection, a 5xx, or an answer that
/// cannot be read is thrown, which means unknown.
package struct HTTPGateway: PaymentGateway {
    private let client: PooledHTTPClient

    /// - Parameter host: an address or a name.
    package init(host: String = HTTPServer.loopback, port: Int, connections: Int, timeout: Duration) {
        client = PooledHTTPClient(host: host, port: port, connections: connections, timeout: timeout)
    }

    /// Where calls cost least.
    package var executor: any TaskExecutor { client.executor }

    package func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer {
        let answer = try await client.post("/v1/payment_intents", idempotencyKey: key, body: body)
        #if MUTANTS
            if Mutant.serverErrorTakenForRefusal.isOn, answer.status >= 500 { return .refused("it failed") }
        #endif
        switch answer.status {
        case 200: return .captured(paymentIntent: try answer.succeeded().id)
        case 402:
            let error = try answer.decode(Failure.self).error
            return .declined(code: error.decline_code ?? error.code ?? "unknown")
        case 409 where (try answer.decode(Failure.self).error.code) == "key_voided": return .voided
        case 400, 422: return .refused("gateway answered \(answer.status)")
        // Also 401, 404, 408, 409, 429: they speak of the caller, the place or the moment, not of this charge.
        default: throw answer.unknownOutcome
        }
    }

    package func void(key: String) async throws -> ChargeAnswer {
        guard let escaped = key.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.subtracting(["/"])) else {
            throw UnknownOutcome(detail: "the key '\(key)' cannot stand in a path")
        }
        let answer = try await client.post("/v1/idempotency_keys/\(escaped)/void", idempotencyKey: nil, body: [])
        guard answer.status == 200 else { throw answer.unknownOutcome }
        let state = try answer.decode(KeyState.self)
        switch state.status {
        case "voided": return .voided
        case "declined": return .declined(code: state.decline_code ?? "unknown")
        case "succeeded":
            guard let intent = state.payment_intent, intent.status == moved else { throw answer.unknownOutcome }
            return .captured(paymentIntent: intent.id)
        default: throw answer.unknownOutcome
        }
    }

    package func refund(key: String, body: [UInt8]) async throws -> RefundAnswer {
        let answer = try await client.post("/v1/refunds", idempotencyKey: key, body: body)
        guard answer.status == 200 else { throw answer.unknownOutcome }
        return .refunded(id: try answer.succeeded().id)
    }

    // MARK: - Answers

    private struct Failure: Decodable {
        struct Detail: Decodable {
            let code: String?
            let decline_code: String?
        }
        let error: Detail
    }

    private struct KeyState: Decodable {
        let status: String
        let decline_code: String?
        let payment_intent: Movement?
    }
}

/// The status of a capture or refund that happened.
private let moved = "succeeded"

/// A capture or a refund, as the gateway shows it.
private struct Movement: Decodable {
    let id: String
    let status: String
}

extension Movement {
    /// From the order of fields that the gateway usually sends; nil for any other.
    init?(usual body: [UInt8]) {
        let movement = CanonicalJSONReader.parsePrefix(body) { reader -> Movement? in
            guard reader.skip(#"{"id":"#), let id = reader.string(), reader.skip(#","object":"#),
                reader.string() != nil,
                reader.skip(#","status":"#), let status = reader.string()
            else { return nil }
            return Movement(id: id, status: status)
        }
        guard let movement else { return nil }
        self = movement
    }
}

/// Nothing is known about what a call did.
struct UnknownOutcome: Error, CustomStringConvertible {
    let detail: String
    var description: String { "unknown outcome: \(detail)" }
}

extension PooledHTTPClient.Answer {
    var unknownOutcome: UnknownOutcome {
        UnknownOutcome(detail: "status \(status), body \(String(decoding: body.prefix(200), as: UTF8.self))")
    }

    /// Money moved; anything else under a 200 (`processing`, `requires_action`) is not final.
    fileprivate func succeeded() throws -> Movement {
        let movement = try Movement(usual: body) ?? decode(Movement.self)
        guard movement.status == moved else { throw unknownOutcome }
        return movement
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw UnknownOutcome(detail: "status \(status) with a body that cannot be read: \(error)")
        }
    }
}

import Foundation

/// What an idempotency key was bound to.
struct BoundKey: Equatable, Sendable {
    enum Outcome: String, Sendable {
        case captured, declined, voided, refunded
    }

    let outcome: Outcome
    let requestHash: Data?
    let status: Int
    let response: Data

    /// The first answer again to the first request; anything else is refused.
    func answer(to hash: Data) -> Decision {
        guard outcome != .voided else { return Decision(.keyVoided) }
        guard hash == requestHash else { return Decision(.otherRequestUnderKey) }
        return Decision(.replayed, status: status, body: response)
    }

    /// The key's state as JSON, with the stored object inside.
    func description(key: IdempotencyKey?) throws -> String {
        let name = key.map { "\"key\":\(JSONText.quoted($0.text))," } ?? ""
        let stored = String(decoding: response, as: UTF8.self)
        switch outcome {
        case .voided: return "{\(name)\"status\":\"voided\"}"
        case .captured: return "{\(name)\"status\":\"succeeded\",\"payment_intent\":\(stored)}"
        case .refunded: return "{\(name)\"status\":\"succeeded\",\"refund\":\(stored)}"
        case .declined:
            let code = try JSONDecoder().decode(Declined.self, from: response).error.decline_code
            return "{\(name)\"status\":\"declined\",\"decline_code\":\"\(code.rawValue)\"}"
        }
    }

    private struct Declined: Decodable {
        struct Failure: Decodable {
            let decline_code: DeclineCode
        }
        let error: Failure
    }
}

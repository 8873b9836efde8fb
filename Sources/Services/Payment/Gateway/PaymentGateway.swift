/// The acquirer outside, as Payment asks it. An idempotency key binds the first of capture, decline or void.
///
/// Every call throws where the outcome is unknown: a time-out, a 5xx, a cut connection, an answer that cannot be read.
package protocol PaymentGateway: Sendable {
    /// Charges the card, or says again what became of the key.
    func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer
    /// Makes sure that nothing is ever captured under the key, or says what came before.
    func void(key: String) async throws -> ChargeAnswer
    func refund(key: String, body: [UInt8]) async throws -> RefundAnswer
}

/// What is bound to a charge's key, for good.
package enum ChargeAnswer: Sendable, Equatable {
    case captured(paymentIntent: String)
    case declined(code: String)
    case voided
    /// The gateway does not take such a request, now or later; nothing is bound to the key.
    case refused(String)
}

package enum RefundAnswer: Sendable, Equatable {
    case refunded(id: String)
}

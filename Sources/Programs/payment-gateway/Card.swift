/// A test card, known by its token, and what its bank says.
enum Card: String, CaseIterable, Sendable {
    case visa = "tok_visa"
    case mastercard = "tok_mastercard"
    case declined = "tok_chargeDeclined"
    case insufficientFunds = "tok_chargeDeclinedInsufficientFunds"
    case expired = "tok_chargeDeclinedExpiredCard"

    /// Why this card always declines; nil for a good card.
    var decline: DeclineCode? {
        switch self {
        case .visa, .mastercard: nil
        case .declined: .genericDecline
        case .insufficientFunds: .insufficientFunds
        case .expired: .expiredCard
        }
    }
}

/// Why a bank declined.
enum DeclineCode: String, Codable, Sendable {
    case genericDecline = "generic_decline"
    case insufficientFunds = "insufficient_funds"
    case expiredCard = "expired_card"

    var message: String {
        switch self {
        case .genericDecline: "Your card was declined."
        case .insufficientFunds: "Your card has insufficient funds."
        case .expiredCard: "Your card has expired."
        }
    }
}

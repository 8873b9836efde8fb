import Foundation

/// What the ledger says to a call.
struct Decision: Sendable, Equatable {
    /// What happened, for the counters.
    enum Outcome: String, Sendable, CaseIterable {
        case captured, declined, voided, refunded
        /// The key was bound before: told again, nothing new.
        case replayed
        /// The key's state was read.
        case known
        /// Refused without binding anything.
        case refused
    }

    let outcome: Outcome
    let status: Int
    let body: Data

    init(_ outcome: Outcome, status: Int, body: Data) {
        self.outcome = outcome
        self.status = status
        self.body = body
    }

    init(_ outcome: Outcome, status: Int, json: String) {
        self.init(outcome, status: status, body: Data(json.utf8))
    }

    init(_ refusal: Refusal) {
        self.init(.refused, status: refusal.status, body: refusal.body)
    }
}

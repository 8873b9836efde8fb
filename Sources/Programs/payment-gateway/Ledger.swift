import Foundation
import GRDB

/// A call that the ledger decides.
enum LedgerCommand: Sendable {
    /// Captures, or declines where the card or (`declines`) chance says so.
    case charge(Charge, declines: Bool)
    case refund(Refund)
    case void(IdempotencyKey)
    case look(IdempotencyKey)

    var isWrite: Bool {
        if case .look = self { false } else { true }
    }
}

/// The gateway's rules: who asked first under a key decides what the key means for ever.
///
/// Plain code on an open transaction: the one writer calls it for one command after the other, and a command sees
/// what those before it in the same transaction did.
struct Ledger: Sendable {
    /// Microseconds since 1970.
    let clock: @Sendable () -> Int64
    let ids: GatewayIds

    func decide(_ command: LedgerCommand, in db: Database) throws -> Decision {
        switch command {
        case .charge(let charge, let declines): try decide(charge, declines: declines, in: db)
        case .refund(let refund): try decide(refund, in: db)
        case .void(let key): try void(key, in: db)
        case .look(let key): try look(at: key, in: db)
        }
    }

    // MARK: Charges

    private func decide(_ charge: Charge, declines: Bool, in db: Database) throws -> Decision {
        if let bound = try LedgerStore.bound(charge.key, in: db) {
            return bound.answer(to: charge.requestHash)
        }
        let now = clock()
        let id = ids.next(.paymentIntent, at: now)
        if let code = charge.card.decline ?? (declines ? .genericDecline : nil) {
            let body = Data(AnswerText.declined(id: id, code: code).utf8)
            try LedgerStore.bind(
                charge.key, .declined, hash: charge.requestHash, status: 402, body: body, at: now, in: db)
            return Decision(.declined, status: 402, body: body)
        }
        let body = Data(AnswerText.paymentIntent(id: id, charge: charge).utf8)
        try LedgerStore.bind(charge.key, .captured, hash: charge.requestHash, status: 200, body: body, at: now, in: db)
        try LedgerStore.record(
            LedgerEntry(
                kind: .capture, key: charge.key, gatewayId: id, paymentIntent: id,
                orderId: charge.metadata.orderId ?? "", amount: charge.amount, currency: charge.currency, at: now),
            in: db)
        return Decision(.captured, status: 200, body: body)
    }

    // MARK: Refunds

    private func decide(_ refund: Refund, in db: Database) throws -> Decision {
        if let bound = try LedgerStore.bound(refund.key, in: db) {
            return bound.answer(to: refund.requestHash)
        }
        guard let capture = try LedgerStore.capture(refund.paymentIntent, in: db) else {
            return Decision(
                .invalid(parameter: "payment_intent", code: "resource_missing", "No such captured payment_intent."))
        }
        let left = capture.amount - (try LedgerStore.refunded(refund.paymentIntent, in: db))
        guard left > 0 else {
            return Decision(
                .invalid(
                    parameter: "payment_intent", code: "charge_already_refunded",
                    "It has been refunded in full already."))
        }
        guard refund.amount <= left else {
            return Decision(.invalid(parameter: "amount", "amount is above the \(left) that can still be refunded."))
        }
        let now = clock()
        let id = ids.next(.refund, at: now)
        let body = Data(AnswerText.refund(id: id, refund: refund, currency: capture.currency).utf8)
        try LedgerStore.bind(refund.key, .refunded, hash: refund.requestHash, status: 200, body: body, at: now, in: db)
        try LedgerStore.record(
            LedgerEntry(
                kind: .refund, key: refund.key, gatewayId: id, paymentIntent: refund.paymentIntent,
                orderId: refund.metadata.orderId ?? capture.orderId, amount: refund.amount, currency: capture.currency,
                at: now),
            in: db)
        return Decision(.refunded, status: 200, body: body)
    }

    // MARK: Keys

    /// Gives a key up: from here on nothing can be captured under it, unless something was before.
    private func void(_ key: IdempotencyKey, in db: Database) throws -> Decision {
        if let bound = try LedgerStore.bound(key, in: db) {
            return Decision(.replayed, status: 200, json: try bound.description(key: nil))
        }
        try LedgerStore.bind(key, .voided, hash: nil, status: nil, body: nil, at: clock(), in: db)
        return Decision(.voided, status: 200, json: "{\"status\":\"voided\"}")
    }

    private func look(at key: IdempotencyKey, in db: Database) throws -> Decision {
        guard let bound = try LedgerStore.bound(key, in: db) else {
            return Decision(
                .known, status: 200, json: "{\"key\":\(JSONText.quoted(key.text)),\"status\":\"unknown\"}")
        }
        return Decision(.known, status: 200, json: try bound.description(key: key))
    }
}

import Contracts

/// A payment that failed ended by an answer bound to its key, and a key that moved money has its entry in the ledger.
/// (Invariant 4.)
///
/// *Guarantee*: no card is charged for an order whose payment failed, now or later. *If broken*: a time-out was taken for a
/// refusal, and the charge that was under way is captured after the order was cancelled.
struct FailedPayments {
    private let ledger: LedgerFacts
    private let evidence: Evidence
    /// Keys of the calls that Payment recorded before it made them.
    private let asked: Set<String>

    init(_ ledger: LedgerFacts, _ evidence: Evidence) {
        self.ledger = ledger
        self.evidence = evidence
        asked = evidence.domain.charges?.keys ?? []
    }

    func check(_ check: inout InvariantCheck) {
        let payments = evidence.topic(.payments)
        for (offset, event) in payments.said where event.kind == .paymentFailed {
            guard let order = event.order else { continue }
            check.checked += 1
            let failed = payments.details.failed[Int(event.detail)]
            // Of what came while the evidence was read, the grounds may not have been read.
            let isSettled = evidence.isSettled(.payments, offset: offset)
            for fault in faults(failed, order) + (isSettled ? grounds(failed.reason, event, order) : []) {
                check.broken(
                    "PaymentFailed(\(failed.reason.rawValue)) \(fault)", order: order, event: event.id,
                    service: .payment, at: payments.place(offset))
            }
        }
        checkKeys(&check)
    }

    // MARK: - Why a payment failed

    private func faults(_ failed: V1.PaymentFailed, _ order: OrderID) -> [String] {
        let key = "charge:\(order)"
        let bound = ledger.keys[key]
        let isAsked = asked.contains(key)
        let says = "and the gateway holds \(key) as \(bound?.outcome ?? "nothing")"
        var faults: [String] = []
        switch (failed.reason, bound?.outcome) {
        case (.declined, "declined"?):
            if failed.declineCode == nil || failed.declineCode != bound?.declineCode {
                faults.append(
                    "says '\(failed.declineCode ?? "nothing")', the gateway '\(bound?.declineCode ?? "nothing that can be read")'"
                )
            }
        case (.declined, "voided"?):
            // A charge that the gateway refuses is voided; a bank's answer is not.
            if !(failed.declineCode.map(Rules.isRefusal) ?? false) {
                faults.append("says '\(failed.declineCode ?? "nothing")', \(says)")
            }
        case (.declined, _): faults.append(says)
        case (_, "voided"?): break
        case (_, nil):
            // Never asked for: answered by what Payment knew itself.
            if isAsked { faults.append("after the charge was asked for, \(says): its outcome is unknown") }
        default: faults.append(says)
        }
        if failed.reason != .declined, failed.declineCode != nil { faults.append("with a bank's decline code") }
        return faults
    }

    /// What must have been so when Payment said it.
    private func grounds(_ reason: PaymentFailureReason, _ event: EventFact, _ order: OrderID) -> [String] {
        guard let facts = evidence.orders[order] else { return [] }
        switch reason {
        case .expired:
            let inventory = evidence.topic(.inventory)
            let reservation = facts.reserved.flatMap { inventory[$0] }.flatMap {
                inventory.details.stock[Int($0.detail)].reservation
            }
            guard let reservation, event.time < reservation.expiresAt.microseconds else { return [] }
            return ["before the reservation expired, at \(reservation.expiresAt)"]
        case .cancelledByCustomer:
            guard facts.requested == nil, evidence.gap(in: .orders) == nil else { return [] }
            return ["and the customer asked for no cancellation"]
        case .declined, .abandoned: return []
        }
    }

    // MARK: - Keys

    private func checkKeys(_ check: inout InvariantCheck) {
        var entries: [String: LedgerFacts.Entry] = [:]
        for entry in ledger.entries { entries[entry.key] = entry }
        for (key, bound) in ledger.keys {
            check.checked += 1
            let parts = key.split(separator: ":", maxSplits: 1)
            let order = parts.count == 2 ? OrderID(parts[1]) : nil
            func broken(_ message: String) {
                check.broken("key '\(key)' \(message)", order: order, at: MoneyToTheCent.file)
            }
            let entry = entries[key]
            if bound.status != Rules.status(of: bound.outcome) {
                let status = bound.status.map { "\($0)" } ?? "nothing"
                broken("is bound as \(bound.outcome), and would be answered with \(status)")
            }
            switch bound.outcome {
            case "captured", "refunded":
                if let entry {
                    if entry.gatewayID != bound.gatewayID {
                        broken(
                            "was answered with '\(bound.gatewayID ?? "nothing")', the ledger says \(entry.gatewayID)")
                    }
                } else {
                    broken("is bound as \(bound.outcome), and the ledger has no entry of it")
                }
            // An entry under one of these is checked with the ledger.
            case "declined":
                if bound.declineCode == nil { broken("is bound as declined, without a code that can be read") }
            case "voided":
                if bound.isAnswered { broken("is bound as voided, and was answered with something else") }
            default: broken("is bound as '\(bound.outcome)'")
            }
            // What Payment never does: void a refund, pay back under a charge's key.
            if key.hasPrefix("refund:"), bound.outcome != "refunded" { broken("is bound as \(bound.outcome)") }
            if key.hasPrefix("charge:"), bound.outcome == "refunded" { broken("is bound as refunded") }
        }
    }
}

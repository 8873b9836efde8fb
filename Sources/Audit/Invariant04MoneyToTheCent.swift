import Contracts

/// 4. Each order's total is the sum of its lines. In the gateway's ledger: at most one capture and one refund per order; a
/// payment that failed is bound as failed; captured − refunded = the sum of confirmed
/// orders + captures of orders that 2 names, to the cent; any of the latter makes it unknown, unless a letter explains it.
enum MoneyToTheCent {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(4, "Money agrees to the cent; no card is charged twice")
        OrderSums.check(evidence, &check)
        if let calls = evidence.domain.charges { PaymentCallCheck(evidence: evidence, calls: calls).run(&check) }
        guard let ledger = evidence.ledger else {
            let kinds: Set<EventKind> = [.paymentSucceeded, .paymentFailed, .paymentRefunded]
            if evidence.topic(.payments).said.contains(where: { $0.event.kind.map(kinds.contains) ?? false }) {
                check.waiting(
                    evidence.unreadable[Evidence.gateway].map { "the ledger cannot be read: \($0)" }
                        ?? "the gateway's ledger is not at hand", at: Self.file)
            }
            return check
        }
        var accounts = Accounts()
        for entry in ledger.entries { accounts.book(entry, ledger, &check) }
        checkLedger(accounts, evidence, &check)
        checkPayments(accounts, evidence, &check)
        FailedPayments(ledger, evidence).check(&check)
        checkConfirmed(accounts, evidence, &check)
        checkSum(accounts, ledger, evidence, &check)
        return check
    }

    static let file = Place(file: "db/payment-gateway/payment-gateway.db")

    /// The ledger, an order at a time.
    private struct Accounts {
        var captures: [OrderID: LedgerFacts.Entry] = [:]
        var refunds: [OrderID: LedgerFacts.Entry] = [:]

        mutating func book(_ entry: LedgerFacts.Entry, _ ledger: LedgerFacts, _ check: inout InvariantCheck) {
            check.checked += 1
            let place = entryPlace(entry)
            guard let order = entry.order else {
                check.broken("a ledger entry for '\(entry.orderText)', which is no order", at: place)
                return
            }
            let other = entry.isRefund ? refunds[order] : captures[order]
            if let other {
                check.broken(
                    "\(entry.isRefund ? "refunded" : "charged") twice: \(other.gatewayID) and \(entry.gatewayID)",
                    order: order, at: place)
            } else if entry.isRefund {
                refunds[order] = entry
            } else {
                captures[order] = entry
            }
            if !entry.isRefund, entry.paymentIntent != entry.gatewayID {
                check.broken("\(entry.gatewayID) is a capture of '\(entry.paymentIntent)'", order: order, at: place)
            }
            let key = "\(entry.isRefund ? "refund" : "charge"):\(order)"
            if entry.key != key {
                check.broken(
                    "\(entry.gatewayID) moved money under key '\(entry.key)', its order's is '\(key)'", order: order,
                    at: place)
            }
            let outcome = ledger.keys[entry.key]?.outcome
            if outcome != (entry.isRefund ? "refunded" : "captured") {
                check.broken(
                    "\(entry.gatewayID) moved money under key '\(entry.key)', which is bound to "
                        + (outcome ?? "nothing"), order: order, at: place)
            }
        }

        func net(_ order: OrderID) -> Int128 {
            Int128(captures[order]?.amount.amount ?? 0) - Int128(refunds[order]?.amount.amount ?? 0)
        }
    }

    private static func entryPlace(_ entry: LedgerFacts.Entry) -> Place {
        Place(file: file.file, offset: UInt64(max(0, entry.number)))
    }

    // MARK: - From the ledger to the log

    private static func checkLedger(_ accounts: Accounts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        for (order, capture) in accounts.captures {
            let facts = evidence.orders[order]
            explain(capture, order, by: facts?.succeeded, "PaymentSucceeded", evidence, &check)
            if let total = facts?.total, total != capture.amount {
                check.broken(
                    "\(capture.gatewayID) charged \(text(capture.amount)) for an order of \(text(total))", order: order,
                    at: entryPlace(capture))
            }
            if case .cancelled(let reason)? = facts?.status, reason != .refunded {
                check.broken(
                    "\(capture.gatewayID) charged an order that was cancelled (\(reason.rawValue))", order: order,
                    at: entryPlace(capture))
            }
        }
        for (order, refund) in accounts.refunds {
            explain(refund, order, by: evidence.orders[order]?.refunded, "PaymentRefunded", evidence, &check)
            let capture = accounts.captures[order]
            if capture?.amount != refund.amount || capture?.gatewayID != refund.paymentIntent {
                check.broken(
                    "\(refund.gatewayID) paid back \(text(refund.amount)) of "
                        + (capture.map { "\(text($0.amount)) (\($0.gatewayID))" } ?? "nothing"),
                    order: order, at: entryPlace(refund))
            }
        }
    }

    /// What the gateway did, Payment says, or is about to say.
    private static func explain(
        _ entry: LedgerFacts.Entry, _ order: OrderID, by offset: UInt64?, _ type: String, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        guard offset == nil else { return }
        let words = "\(entry.gatewayID) moved \(text(entry.amount)), and the log has no \(type) of it"
        if entry.number > evidence.settledLedgerEntry {
            check.waiting(
                "\(words) yet: it came while the evidence was read", order: order, service: .payment,
                at: entryPlace(entry))
        } else if let reason = evidence.inFlight.reason(order, at: [.payment]) {
            check.waiting("\(words) yet: \(reason.text)", order: order, service: .payment, at: entryPlace(entry))
        } else if evidence.services[.payment] == nil {
            check.waiting("\(words); \(evidence.noDatabase(of: .payment))", order: order, at: entryPlace(entry))
        } else if let gap = evidence.gap(in: .payments) {
            check.waiting("\(words), as far as it can be read (\(gap))", order: order, at: entryPlace(entry))
        } else {
            check.broken(words, order: order, service: .payment, at: entryPlace(entry))
        }
    }

    // MARK: - From the log to the ledger

    private static func checkPayments(_ accounts: Accounts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let payments = evidence.topic(.payments)
        for (offset, event) in payments.said {
            guard let order = event.order else { continue }
            let said: (amount: Money, id: String, entry: LedgerFacts.Entry?)
            switch event.kind {
            case .paymentSucceeded:
                let detail = payments.details.succeeded[Int(event.detail)]
                said = (detail.amount, detail.paymentIntent, accounts.captures[order])
            case .paymentRefunded:
                let detail = payments.details.refunded[Int(event.detail)]
                said = (detail.amount, detail.refund, accounts.refunds[order])
                if let entry = said.entry, entry.paymentIntent != detail.paymentIntent {
                    check.broken(
                        "PaymentRefunded says that \(detail.paymentIntent) was paid back, the ledger \(entry.paymentIntent)",
                        order: order, event: event.id, service: .payment, at: payments.place(offset))
                }
            default: continue
            }
            check.checked += 1
            guard said.entry?.amount != said.amount || said.entry?.gatewayID != said.id else { continue }
            check.broken(
                "\(payments.typeName(of: event)) says \(text(said.amount)) (\(said.id)), the ledger says "
                    + (said.entry.map { "\(text($0.amount)) (\($0.gatewayID))" } ?? "nothing"),
                order: order, event: event.id, service: .payment, at: payments.place(offset))
        }
    }

    // MARK: - Confirmed orders

    private static func checkConfirmed(_ accounts: Accounts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        for (offset, event) in orders.said where event.kind == .orderConfirmed {
            guard let order = event.order, let facts = evidence.orders[order] else { continue }
            check.checked += 1
            let said = orders.details.confirmed[Int(event.detail)].total
            if let total = facts.total, total != said {
                check.broken(
                    "confirmed for \(text(said)), ordered for \(text(total))", order: order, event: event.id,
                    service: .order,
                    at: orders.place(offset))
            }
            if accounts.captures[order] == nil {
                check.broken(
                    "confirmed, and never charged", order: order, event: event.id, service: .order,
                    at: orders.place(offset))
            }
        }
    }

    /// Captured − refunded = confirmed + captures without outcome, by currency.
    private static func checkSum(
        _ accounts: Accounts, _ ledger: LedgerFacts, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        // Exact, whatever the evidence holds.
        var kept: [String: Int128] = [:]
        for entry in ledger.entries {
            let amount = Int128(entry.amount.amount)
            kept[entry.amount.currency, default: 0] += entry.isRefund ? -amount : amount
        }
        var owed: [String: Int128] = [:]
        for order in evidence.orders.facts where order.status == .confirmed {
            if let total = order.total { owed[total.currency, default: 0] += Int128(total.amount) }
        }
        var open: [String: Int128] = [:]
        let places: Set<ServiceName> = [.order, .inventory, .payment]
        for (order, capture) in accounts.captures {
            let facts = evidence.orders[order]
            let status = facts?.status ?? .none
            let expected = status == .confirmed ? Int128(facts?.total?.amount ?? 0) : 0
            let difference = accounts.net(order) - expected
            guard difference != 0 else { continue }
            let latest = max(capture.number, accounts.refunds[order]?.number ?? 0)
            let isUnderWay =
                evidence.inFlight.reason(order, at: places) != nil || latest > evidence.settledLedgerEntry
            let hold = facts.flatMap { evidence.hold(on: status.hasOutcome ? $0.payingBack : $0.nextStep) }
            guard !status.hasOutcome || isUnderWay || hold != nil else { continue }
            open[capture.amount.currency, default: 0] += difference
            let words =
                "\(capture.gatewayID): \(text(difference, capture.amount.currency)) without an outcome to answer for it"
            if let hold {
                check.explained("\(words): \(hold.text)", order: order, service: hold.service, at: entryPlace(capture))
            } else {
                check.waiting(words, order: order, service: .payment, at: entryPlace(capture))
            }
        }
        guard evidence.gap(in: .orders, .payments) == nil else {
            check.waiting("the sums are not known: \(evidence.gap(in: .orders, .payments) ?? "")")
            return
        }
        for currency in Set(kept.keys).union(owed.keys).sorted() {
            check.checked += 1
            let (kept, owed, open) = (kept[currency] ?? 0, owed[currency] ?? 0, open[currency] ?? 0)
            if kept != owed + open {
                check.broken(
                    "captured − refunded is \(text(kept, currency)), confirmed orders are \(text(owed, currency))"
                        + (open == 0 ? "" : ", orders without outcome \(text(open, currency))")
                        + ": \(text(kept - owed - open, currency)) too much",
                    at: Self.file)
            }
        }
    }
}

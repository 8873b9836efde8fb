import Contracts

/// 2. Each order has exactly one current outcome, reached by legal steps; an order without one is named, with the
/// service and event it waits for.
enum OneOutcome {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(2, "Each order has one outcome, reached by legal steps")
        checkOrderSteps(evidence, &check)
        checkReservationSteps(evidence, &check)
        checkPaymentSteps(evidence, &check)
        for order in evidence.orders.facts where order.created != nil { checkOutcome(order, evidence, &check) }
        return check
    }

    // MARK: - Steps

    private static func checkOrderSteps(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        var statuses = [OrderStatus](repeating: .none, count: evidence.orders.facts.count)
        for (offset, event) in orders.logged {
            guard let kind = event.kind, let order = event.order, let index = evidence.orders.index(of: order) else {
                continue
            }
            // Where its beginning is not at hand, nothing is known of its steps.
            if orders.first > 0, evidence.orders.facts[index].created == nil { continue }
            check.checked += 1
            let reason = kind == .orderCancelled ? orders.details.cancelled[Int(event.detail)].reason : nil
            let facts = evidence.orders.facts[index]
            let isRepeated = kind == .orderCancellationRequested && facts.requested != offset
            if let next = statuses[index].after(kind, reason: reason), !isRepeated {
                statuses[index] = next
            } else {
                check.broken(
                    "illegal step: \(kind.name)\(reason.map { "(\($0.rawValue))" } ?? "") of an order that is "
                        + (isRepeated ? "asked to be cancelled already" : statuses[index].text),
                    order: order, event: event.id, service: .order, at: orders.place(offset))
            }
            checkGround(facts, kind, reason, event, offset, evidence, &check)
        }
    }

    /// An outcome must agree with what the judges of stock and money said.
    private static func checkGround(
        _ order: OrderFacts, _ kind: EventKind, _ reason: CancellationReason?, _ event: EventFact, _ offset: UInt64,
        _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        guard evidence.isSettled(.orders, offset: offset) else { return }
        let payments = evidence.topic(.payments)
        let ground: (topic: Topic, holds: Bool, words: String)
        switch (kind, reason) {
        case (.orderConfirmed, _): ground = (.payments, order.succeeded != nil, "no PaymentSucceeded")
        case (.orderCancelled, .soldOut?): ground = (.inventory, order.rejected != nil, "no StockRejected")
        case (.orderCancelled, .refunded?): ground = (.payments, order.refunded != nil, "no PaymentRefunded")
        case (.orderCancelled, let reason?):
            let failure = order.failed.flatMap { payments[$0] }.map { payments.details.failed[Int($0.detail)].reason }
            let holds = failure.map { Rules.cancellation(after: $0) == reason } ?? false
            ground = (.payments, holds, failure.map { "PaymentFailed(\($0.rawValue))" } ?? "no PaymentFailed")
        default: return
        }
        guard !ground.holds, evidence.gap(in: ground.topic) == nil else { return }
        check.broken(
            "\(kind.name)\(reason.map { "(\($0.rawValue))" } ?? "") of an order with \(ground.words)", order: order.id,
            event: event.id, service: .order, at: evidence.topic(.orders).place(offset))
    }

    /// One decision an order; a release only of what was reserved. (Released twice is invariant 3.)
    private static func checkReservationSteps(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let inventory = evidence.topic(.inventory)
        for (offset, event) in inventory.logged {
            guard let order = event.order, let facts = evidence.orders[order], let kind = event.kind else { continue }
            check.checked += 1
            switch kind {
            case .stockReserved, .stockRejected:
                if let first = [facts.reserved, facts.rejected].compactMap(\.self).min(), first != offset {
                    check.broken(
                        "illegal step: \(kind.name) after the order's stock was decided at offset \(first)",
                        order: order,
                        event: event.id, service: .inventory, at: inventory.place(offset))
                }
            case .stockReleased:
                if facts.reserved.map({ $0 > offset }) ?? true, evidence.gap(in: .inventory) == nil {
                    check.broken(
                        "illegal step: StockReleased of an order that has nothing reserved", order: order,
                        event: event.id,
                        service: .inventory, at: inventory.place(offset))
                }
            default: break
            }
        }
    }

    /// One answer a reservation; a refund only after a capture, once.
    private static func checkPaymentSteps(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let payments = evidence.topic(.payments)
        for (offset, event) in payments.logged {
            guard let order = event.order, let facts = evidence.orders[order], let kind = event.kind else { continue }
            check.checked += 1
            func illegal(_ words: String) {
                check.broken(
                    "illegal step: \(kind.name) \(words)", order: order, event: event.id, service: .payment,
                    at: payments.place(offset))
            }
            switch kind {
            case .paymentSucceeded, .paymentFailed:
                if let first = [facts.succeeded, facts.failed].compactMap(\.self).min(), first != offset {
                    illegal("after the payment was decided at offset \(first)")
                }
            case .paymentRefunded:
                if facts.refunded != offset { illegal("a second time") }
                if facts.succeeded.map({ $0 > offset }) ?? true, evidence.gap(in: .payments) == nil {
                    illegal("of an order that never paid")
                }
            default: break
            }
        }
    }

    // MARK: - Outcomes

    private static func checkOutcome(_ order: OrderFacts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        check.checked += 1
        let place = order.created.map { evidence.topic(.orders).place($0) }
        let underWay = evidence.inFlight.reason(order.id, at: [.order, .inventory, .payment])
        if !order.status.hasOutcome {
            let (service, events) = order.waitsFor
            if let underWay {
                check.waiting(
                    "no outcome yet: waits for \(service.rawValue): \(events) (\(underWay.text))", order: order.id,
                    service: service, at: place)
            } else if let gap = evidence.gap(in: .orders, .inventory, .payments) {
                check.waiting("no outcome that can be read (\(gap))", order: order.id, service: service, at: place)
            } else {
                check.broken(
                    "no outcome, and nothing is under way that would give one: it waits for \(service.rawValue): \(events)",
                    order: order.id, service: service, at: place)
            }
        } else if order.status == .confirmed, let requested = order.requested {
            let place = evidence.topic(.orders).place(requested)
            if let underWay {
                check.waiting(
                    "cancellation asked for, not paid back yet (\(underWay.text))", order: order.id, service: .payment,
                    at: place)
            } else if evidence.gap(in: .orders, .payments) == nil {
                check.broken(
                    "the customer asked for cancellation, and nothing is under way to pay back", order: order.id,
                    service: .payment, at: place)
            }
        }
        checkRow(order, place, evidence, &check)
    }

    private static func checkRow(
        _ order: OrderFacts, _ place: Place?, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        guard let row = evidence.domain.orders?[order.id], !evidence.inFlight.isAhead(.order, of: order.id),
            evidence.gap(in: .orders) == nil
        else { return }
        let (status, reason) = order.status.words
        if row.status != status || row.reason != reason || row.total != order.total {
            check.broken(
                "the Order database says \(row.status)\(row.reason.map { "(\($0))" } ?? "") and \(text(row.total)), "
                    + "the log says \(order.status.text) and \(order.total.map { text($0) } ?? "no total")",
                order: order.id, service: .order, at: place)
        }
    }
}

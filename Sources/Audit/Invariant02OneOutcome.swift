import Contracts

/// 2. Each order has exactly one current outcome, reached by legal steps; an order without one is named, with the
/// service and event it waits for: on the way, or held at that service's desk, which explains it.
enum OneOutcome {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(2, "Each order has one outcome, reached by legal steps")
        checkOrderSteps(evidence, &check)
        checkReservationSteps(evidence, &check)
        checkPaymentSteps(evidence, &check)
        for order in evidence.orders.facts where order.created != nil { checkOutcome(order, evidence, &check) }
        for service in ServiceName.allCases {
            guard let anomalies = evidence.services[service]?.desk.anomalies, !anomalies.isEmpty else { continue }
            let count = anomalies.count
            for anomaly in anomalies { checkAnomaly(anomaly, service, evidence, &check) }
            check.note(
                "\(service.rawValue) keeps \(count) anomalies: steps that its rules forbid, and that it did not take")
        }
        return check
    }

    /// An anomaly is about an event in the log.
    private static func checkAnomaly(
        _ anomaly: DeskFacts.Anomaly, _ service: ServiceName, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        let entry = anomaly.entry
        let topic = evidence.topic(entry.topic)
        // One that came from an edit or an import need not be as the log has it.
        guard topic.isWhole, evidence.services[service]?.desk.letter(entry.id) == nil else { return }
        let event = topic[entry.offset]
        let isSame = event.map { event in
            event.id == entry.id && topic.typeName(of: event) == anomaly.type
                && (event.order.map { $0.description == anomaly.subject } ?? true)
        }
        guard isSame != true else { return }
        check.broken(
            "\(service.rawValue) keeps an anomaly of \(anomaly.type) \(entry.id), which is not the event at its place",
            order: OrderID(anomaly.subject), event: entry.id, service: service, at: topic.place(entry.offset))
    }

    // MARK: - Steps

    private static func checkOrderSteps(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        var statuses = [OrderStatus](repeating: .none, count: evidence.orders.facts.count)
        for (offset, event) in orders.said {
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
            for fault in OrderCopies.faults(in: event, kind, facts, evidence) {
                check.broken(
                    "\(kind.name) says \(fault)", order: order, event: event.id, service: .order,
                    at: orders.place(offset))
            }
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
        for (offset, event) in inventory.said {
            guard let order = event.order, let facts = evidence.orders[order], let kind = event.kind else { continue }
            check.checked += 1
            checkGivenUp(kind, event, offset, inventory, evidence, &check)
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
        for (offset, event) in payments.said {
            guard let order = event.order, let facts = evidence.orders[order], let kind = event.kind else { continue }
            check.checked += 1
            func illegal(_ words: String) {
                check.broken(
                    "illegal step: \(kind.name) \(words)", order: order, event: event.id, service: .payment,
                    at: payments.place(offset))
            }
            checkGivenUp(kind, event, offset, payments, evidence, &check)
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

    /// A rejection without a shortage and an abandoned payment are what is said instead of a dead event's effect: only an
    /// operator who discarded it makes a service say so.
    private static func checkGivenUp(
        _ kind: EventKind, _ event: EventFact, _ offset: UInt64, _ topic: TopicFacts, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        let words: String
        switch kind {
        case .stockRejected where topic.details.rejected[Int(event.detail)].shortages.isEmpty:
            words = "StockRejected without a shortage"
        case .paymentFailed where topic.details.failed[Int(event.detail)].reason == .abandoned:
            words = "PaymentFailed(abandoned)"
        default: return
        }
        guard let service = Rules.owner(of: kind), evidence.services[service] != nil,
            evidence.hasWritten(topic.topic, offset: offset),
            event.cause.flatMap({ evidence.letter($0, at: service) })?.state != .discarded
        else { return }
        check.broken(
            "\(words), and nobody discarded the event that it answers", order: event.order, event: event.id,
            service: service, at: topic.place(offset))
    }

    // MARK: - Outcomes

    private static func checkOutcome(_ order: OrderFacts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        check.checked += 1
        let place = order.created.map { evidence.topic(.orders).place($0) }
        let underWay = evidence.inFlight.reason(order.id, at: [.order, .inventory, .payment])
        if !order.status.hasOutcome {
            let step = order.nextStep
            let words = "waits for \(step.service.rawValue): \(step.events)"
            if let hold = evidence.hold(on: step) {
                check.explained("no outcome: \(words); \(hold.text)", order: order.id, service: step.service, at: place)
            } else if let underWay {
                check.waiting(
                    "no outcome yet: \(words) (\(underWay.text))", order: order.id, service: step.service, at: place)
            } else if let gap = evidence.gap(in: .orders, .inventory, .payments) {
                check.waiting(
                    "no outcome that can be read (\(gap))", order: order.id, service: step.service, at: place)
            } else {
                check.broken(
                    "no outcome, and nothing is under way that would give one: it \(words)", order: order.id,
                    service: step.service, at: place)
            }
        } else if order.status == .confirmed, let requested = order.requested {
            let place = evidence.topic(.orders).place(requested)
            if let hold = evidence.hold(on: order.payingBack) {
                check.explained(
                    "cancellation asked for, not done: waits for \(hold.service.rawValue): \(order.payingBack.events); "
                        + hold.text, order: order.id, service: hold.service, at: place)
            } else if let underWay {
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

import Contracts

/// 1. Every acknowledged order is in the Order database and in the log, once; nothing in the log is unknown to its owner.
enum OrdersKept {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(1, "Every acknowledged order is kept, once")
        checkJournals(evidence, &check)
        checkCreated(evidence, &check)
        checkRows(evidence, &check)
        checkOwners(evidence, &check)
        return check
    }

    // MARK: - From the shoppers' side

    private static func checkJournals(_ evidence: Evidence, _ check: inout InvariantCheck) {
        for fault in evidence.journals.faults {
            check.waiting("the journal cannot be read: \(fault.reason)", at: fault.place)
        }
        var orderOfKey: [String: OrderID] = [:]
        for acknowledged in evidence.journals.acknowledged {
            check.checked += 1
            let place = Place(file: acknowledged.file, offset: nil)
            if let other = orderOfKey.updateValue(acknowledged.order, forKey: acknowledged.key),
                other != acknowledged.order
            {
                check.broken(
                    "one idempotency key, two orders: '\(acknowledged.key)' was acknowledged as \(other) before "
                        + "(line \(acknowledged.line))", order: acknowledged.order, at: place)
            }
            if let rows = evidence.domain.orders {
                checkRow(acknowledged, rows[acknowledged.order], place, &check)
            } else {
                check.waiting(
                    "acknowledged, and there is no Order database to ask", order: acknowledged.order, service: .order,
                    at: place)
            }
            if evidence.orders[acknowledged.order]?.created == nil {
                missing(
                    "acknowledged (line \(acknowledged.line)), but the log has no OrderCreated of it",
                    acknowledged.order,
                    place, evidence, &check)
            }
        }
    }

    private static func checkRow(
        _ acknowledged: JournalFacts.Acknowledged, _ row: DomainFacts.OrderRow?, _ place: Place,
        _ check: inout InvariantCheck
    ) {
        guard let row else {
            check.broken(
                "acknowledged (line \(acknowledged.line)), but the Order database does not have it",
                order: acknowledged.order, service: .order, at: place)
            return
        }
        if row.total != acknowledged.total || row.idempotencyKey != acknowledged.key {
            check.broken(
                "acknowledged as \(text(acknowledged.total)) under key '\(acknowledged.key)' (line \(acknowledged.line)), "
                    + "kept as \(text(row.total)) under key '\(row.idempotencyKey)'",
                order: acknowledged.order, service: .order, at: place)
        }
    }

    /// What the log should hold and does not: lost, unless the outbox still has it or the log is not whole.
    private static func missing(
        _ message: String, _ order: OrderID, _ place: Place, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        if let reason = evidence.inFlight.reason(order, at: [.order]) {
            check.waiting("\(message) yet: \(reason.text)", order: order, service: .order, at: place)
        } else if let gap = evidence.gap(in: .orders) {
            check.waiting("\(message), as far as it can be read (\(gap))", order: order, service: .order, at: place)
        } else {
            check.broken(message, order: order, service: .order, at: place)
        }
    }

    // MARK: - From the log's side

    private static func checkCreated(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        var seen: Set<OrderID> = []
        var keys: [String: OrderID] = [:]
        for (offset, event) in orders.said where event.kind == .orderCreated {
            guard let order = event.order else {
                check.broken(
                    "the subject of an OrderCreated is no order id", event: event.id, service: .order,
                    at: orders.place(offset))
                continue
            }
            check.checked += 1
            if !seen.insert(order).inserted {
                check.broken(
                    "the order was created twice", order: order, event: event.id, service: .order,
                    at: orders.place(offset))
            }
            let key = orders.details.created[Int(event.detail)].idempotencyKey
            if let other = keys.updateValue(order, forKey: key), other != order {
                check.broken(
                    "one idempotency key, two orders: '\(key)' made \(other) before", order: order, event: event.id,
                    service: .order, at: orders.place(offset))
            }
            guard let rows = evidence.domain.orders, rows[order] == nil else { continue }
            if evidence.hasWritten(.orders, offset: offset) {
                check.broken(
                    "the log has the order, its owner's database does not", order: order, event: event.id,
                    service: .order,
                    at: orders.place(offset))
            } else {
                check.waiting(
                    "the log has the order, its owner's database does not: \(evidence.lateness(.orders, offset: offset))",
                    order: order, event: event.id, service: .order,
                    at: orders.place(offset))
            }
        }
    }

    private static func checkRows(_ evidence: Evidence, _ check: inout InvariantCheck) {
        guard let rows = evidence.domain.orders else {
            if evidence.topic(.orders).end > 0 { check.waiting(evidence.noDatabase(of: .order), service: .order) }
            return
        }
        for order in rows.keys where evidence.orders[order]?.created == nil {
            check.checked += 1
            missing(
                "the Order database has the order, the log has no OrderCreated of it", order,
                Place(file: "db/order/order.db"), evidence, &check)
        }
    }

    /// Whoever spoke of an order must know it.
    private static func checkOwners(_ evidence: Evidence, _ check: inout InvariantCheck) {
        if let known = evidence.domain.reservations {
            checkOwner(.inventory, [.stockReserved, .stockRejected, .stockReleased], evidence, &check) { order, _ in
                known.contains(order)
            }
        }
        if let known = evidence.domain.payments {
            let kinds: Set<EventKind> = [.paymentSucceeded, .paymentFailed, .paymentRefunded]
            checkOwner(.payment, kinds, evidence, &check) { order, _ in known.contains(order) }
        }
        if let known = evidence.domain.notifications {
            let details = evidence.topic(.notifications).details
            func kind(_ event: EventFact) -> String {
                event.kind == .notificationSent
                    ? details.sent[Int(event.detail)].kind.rawValue : details.notSent[Int(event.detail)].kind.rawValue
            }
            checkOwner(
                .notification, [.notificationSent, .notificationFailed], evidence, &check,
                words: { "\($0.kind?.name ?? "an event") (\(kind($0)))" }
            ) { order, event in
                known[order]?.contains { $0.kind == kind(event) } ?? false
            }
        }
    }

    private static func checkOwner(
        _ service: ServiceName, _ kinds: Set<EventKind>, _ evidence: Evidence, _ check: inout InvariantCheck,
        words: ((EventFact) -> String)? = nil, knows: (OrderID, EventFact) -> Bool
    ) {
        let topic = evidence.topic(service.topic)
        for (offset, event) in topic.said {
            guard let kind = event.kind, kinds.contains(kind), let order = event.order else { continue }
            check.checked += 1
            if !knows(order, event), evidence.hasWritten(service.topic, offset: offset) {
                check.broken(
                    "the log has \(words?(event) ?? kind.name) of the order, the database of \(service.rawValue) knows "
                        + "nothing of it",
                    order: order, event: event.id, service: service, at: topic.place(offset))
            }
        }
    }
}

import Contracts

/// What Analytics reports of stuck orders and low stock agrees with the events that it had read. (Invariant 10.)
///
/// Only what holds in whichever order Analytics applied its events is asked: one that failed at first is applied later than
/// those behind it.
struct AnalyticsReports {
    private let evidence: Evidence
    private let topic: TopicFacts

    init(_ evidence: Evidence) {
        self.evidence = evidence
        topic = evidence.topic(.analytics)
    }

    func check(_ check: inout InvariantCheck) {
        for (offset, event) in topic.said where evidence.isSettled(.analytics, offset: offset) {
            let faults: [String]
            switch event.kind {
            case .stockRanLow: faults = lowStockFaults(event, topic.details.ranLow[Int(event.detail)])
            case .orderStuck: faults = stuckFaults(event, topic.details.stuck[Int(event.detail)])
            default: continue
            }
            check.checked += 1
            for fault in faults {
                check.broken(
                    "\(topic.typeName(of: event)): \(fault)", order: event.order, event: event.id, service: .analytics,
                    at: topic.place(offset))
            }
        }
    }

    // MARK: - Low stock

    private func lowStockFaults(_ event: EventFact, _ said: Detail.StockRanLow) -> [String] {
        var faults: [String] = []
        if said.available >= said.threshold {
            faults.append("\(said.available) available are not fewer than \(said.threshold)")
        }
        guard let cause = event.cause.flatMap({ evidence.index.find($0) }), let kind = cause.event.kind else {
            return faults
        }
        let details = cause.topic.details
        let taken: Int128
        switch kind {
        case .stockReserved:
            taken = details.stock[Int(cause.event.detail)].lines.lazy.filter { $0.productID == said.product }
                .reduce(0) { $0 + Int128($1.quantity) }
        case .stockAdjusted:
            let adjusted = details.adjusted[Int(cause.event.detail)]
            taken = adjusted.product == said.product ? -Int128(adjusted.delta) : 0
        default: return faults  // invariant 7's
        }
        // An edit of the cause at Analytics takes other pieces away.
        guard event.cause.flatMap({ evidence.letter($0, at: .analytics) })?.corrected == nil else { return faults }
        if taken <= 0 {
            faults.append("its cause took nothing away of \(said.product)")
        } else if Int128(said.available) + taken < Int128(said.threshold) {
            faults.append(
                "\(said.available) available after \(taken) were taken: it was below \(said.threshold) before")
        }
        return faults
    }

    // MARK: - Stuck orders

    /// How far an order had come, by what it waits for.
    private enum Waiting: String, CaseIterable {
        case stock = "inventory: StockReserved or StockRejected"
        case payment = "payment: PaymentSucceeded or PaymentFailed"
        case confirmation = "order: OrderConfirmed"
        case cancellation = "order: OrderCancelled"
    }

    private func stuckFaults(_ event: EventFact, _ said: V1.OrderStuck) -> [String] {
        guard let order = event.order.flatMap({ evidence.orders[$0] }),
            evidence.gap(in: .orders, .inventory, .payments, .notifications) == nil
        else { return [] }
        guard let waiting = Waiting(rawValue: said.waitsFor) else { return ["it waits for '\(said.waitsFor)'"] }
        let since = said.since.microseconds
        func time(_ topic: Topic, _ offset: UInt64?) -> Int64? {
            offset.flatMap { evidence.topic(topic)[$0]?.time }
        }
        let created = time(.orders, order.created)
        let (reserved, rejected) = (time(.inventory, order.reserved), time(.inventory, order.rejected))
        let (paid, failed) = (time(.payments, order.succeeded), time(.payments, order.failed))
        let others = [time(.orders, order.requested), time(.inventory, order.released)]
        // An edited letter may have made it move at another time.
        let isEdited = evidence.services[.analytics]?.desk.letters.contains { $0.corrected != nil } ?? false
        if !isEdited, !([created, reserved, rejected, paid, failed] + others).contains(since) {
            return ["it last moved at \(said.since), when nothing happened to the order"]
        }
        if since > event.time { return ["it last moved at \(said.since), after the report"] }
        // What it waits for follows from what it had read; what is as old as its last move at most may be among it.
        let needs: [Int64?] =
            switch waiting {
            case .stock: []
            case .payment: [reserved]
            case .confirmation: [paid]
            case .cancellation: [rejected ?? failed]
            }
        let excludes: [Int64?] =
            switch waiting {
            case .stock: [reserved, rejected, paid, failed]
            case .payment: [rejected, paid, failed]
            case .confirmation: [rejected, failed]
            case .cancellation: []
            }
        let isUndecided = ([created] + needs + others).contains(since)
        if needs.contains(where: { $0.map { $0 > since } ?? true }) || excludes.contains(since) && !isUndecided {
            return ["it does not wait for '\(said.waitsFor)' after what happened to it at \(said.since)"]
        }
        return []
    }
}

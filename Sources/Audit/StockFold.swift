import Contracts

/// The topic `inventory` folded in order, a product at a time, and each event judged by what was available before it.
struct StockFold {
    /// Exact: no event's quantity can make it leave its range.
    struct Pieces: Equatable {
        var available: Int128 = 0
        var reserved: Int128 = 0
    }

    private(set) var stock: [String: Pieces] = [:]
    private var released: [OrderID: UInt64] = [:]
    private let evidence: Evidence
    private let topic: TopicFacts

    /// Shortages that one rejection names at most.
    private static let maximumShortages = 300

    init(_ evidence: Evidence) {
        self.evidence = evidence
        topic = evidence.topic(.inventory)
    }

    mutating func apply(_ event: EventFact, _ offset: UInt64, _ check: inout InvariantCheck) {
        switch event.kind {
        case .stockAdjusted:
            let adjusted = topic.details.adjusted[Int(event.detail)]
            let isFirst = stock[adjusted.product] == nil
            if isFirst != (adjusted.reason == .initial) {
                broken(
                    "\(adjusted.product) is adjusted as '\(adjusted.reason.rawValue)', and "
                        + (isFirst ? "was never stocked before" : "was stocked before"), event, offset, &check)
            }
            change(adjusted.product, by: Int128(adjusted.delta), reserved: 0, event, offset, &check)
        case .stockReserved:
            let detail = topic.details.stock[Int(event.detail)]
            if let created = created(event) {
                for fault in OrderCopies.faults(in: detail, created, at: event.time) {
                    broken("StockReserved \(fault)", event, offset, &check)
                }
            }
            for line in detail.lines {
                let quantity = Int128(line.quantity)
                change(line.productID, by: -quantity, reserved: quantity, event, offset, &check)
            }
        case .stockRejected: checkRejection(event, offset, &check)
        case .stockReleased: release(event, offset, &check)
        default: break
        }
    }

    private mutating func release(_ event: EventFact, _ offset: UInt64, _ check: inout InvariantCheck) {
        if let order = event.order, let first = released.updateValue(offset, forKey: order) {
            broken("released twice; first at offset \(first)", event, offset, &check)
        }
        let detail = topic.details.stock[Int(event.detail)]
        let cause = event.cause.flatMap { evidence.index.find($0)?.event.kind }
        let isSaid =
            switch cause {
            case .paymentFailed?: detail.reason == .paymentFailed
            case .paymentRefunded?: detail.reason == .paymentRefunded
            default: true  // any other cause is invariant 7's
            }
        if !isSaid {
            broken(
                "released because of '\(detail.reason?.rawValue ?? "")', its cause is \(cause?.name ?? "")", event,
                offset, &check)
        }
        for line in detail.lines {
            let quantity = Int128(line.quantity)
            change(line.productID, by: quantity, reserved: -quantity, event, offset, &check)
        }
    }

    private mutating func change(
        _ product: String, by delta: Int128, reserved: Int128, _ event: EventFact, _ offset: UInt64,
        _ check: inout InvariantCheck
    ) {
        check.checked += 1
        var pieces = stock[product] ?? Pieces()
        pieces.available += delta
        pieces.reserved += reserved
        stock[product] = pieces
        guard delta < 0, pieces.available < 0 else { return }
        broken("oversold: after this event \(product) has \(pieces.available) available", event, offset, &check)
    }

    /// A rejection is true at its offset: it names exactly the products of which too few were available, and how many were.
    private func checkRejection(_ event: EventFact, _ offset: UInt64, _ check: inout InvariantCheck) {
        check.checked += 1
        let said = topic.details.rejected[Int(event.detail)].shortages
        // Without a shortage it stands for a discarded event, which is invariant 2's.
        guard !said.isEmpty, let created = created(event) else { return }
        let short = Demand(created.lines).lines.filter { available($0.productID) < Int128($0.quantity) }
        let isTrue =
            said.count == min(short.count, Self.maximumShortages)
            && zip(said, short).allSatisfy { said, short in
                said.productID == short.productID && said.requested == short.quantity
                    && Int128(said.available) == available(short.productID)
            }
        guard !isTrue else { return }
        let words = short.prefix(3).map {
            "\($0.productID): \($0.quantity) asked for, \(available($0.productID)) available"
        }
        broken(
            short.isEmpty
                ? "rejected, and every line was available"
                : "rejected with shortages that are not those at this offset (\(words.joined(separator: "; ")))",
            event, offset, &check)
    }

    private func available(_ product: String) -> Int128 { stock[product]?.available ?? 0 }

    /// The order that an event is about, as it was created; where that cannot be read, as an edit made it.
    private func created(_ event: EventFact) -> V1.OrderCreated? {
        if let order = event.order.flatMap({ evidence.orders[$0] }), order.created != nil {
            return evidence.topic(.orders).details.created[Int(order.detail)]
        }
        let letter = event.cause.flatMap { evidence.letter($0, at: .inventory) }?.inForce
        guard let letter, letter.type == V1.OrderCreated.type else { return nil }
        return try? V1.OrderCreated.decoded(from: letter.data)  // nil: it was not acted upon
    }

    private func broken(
        _ message: @autoclosure () -> String, _ event: EventFact, _ offset: UInt64, _ check: inout InvariantCheck
    ) {
        check.broken(
            message(), order: event.order, event: event.id, service: .inventory, at: topic.place(offset))
    }
}

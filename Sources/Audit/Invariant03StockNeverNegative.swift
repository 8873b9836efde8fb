import Contracts

/// 3. At every prefix of `inventory`, per product: available = adjusted − reserved + released ≥ 0; a reservation is of what
/// was ordered, and released at most once; a rejection is true at its offset. At the end: reserved and not released =
/// sold + held for orders that 2 names.
enum StockNeverNegative {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(3, "Stock is never oversold, and released at most once")
        let inventory = evidence.topic(.inventory)
        if inventory.first > 0, let gap = evidence.gap(in: .inventory) {
            check.waiting("the stock before is not known: \(gap)", service: .inventory)
            return check
        }
        var fold = StockFold(evidence)
        for (offset, event) in inventory.said { fold.apply(event, offset, &check) }
        if let gap = evidence.gap(in: .inventory) {
            check.waiting("what came after is not known: \(gap)", service: .inventory)
        }
        for order in evidence.orders.facts { checkEnd(order, evidence, &check) }
        checkTable(fold, evidence, &check)
        return check
    }

    // MARK: - The end

    /// What is reserved and not released is sold, or held for an order without outcome; what is released is neither.
    private static func checkEnd(_ order: OrderFacts, _ evidence: Evidence, _ check: inout InvariantCheck) {
        guard let reserved = order.reserved else { return }
        let inventory = evidence.topic(.inventory)
        checkLines(order, reserved, evidence, &check)
        let isSold = order.succeeded != nil && order.refunded == nil
        if let released = order.released {
            guard isSold, evidence.isSettled(.inventory, offset: released), evidence.gap(in: .payments) == nil else {
                return
            }
            check.broken(
                "the pieces of a paid order are for sale again", order: order.id, event: inventory[released]?.id,
                service: .inventory, at: inventory.place(released))
            return
        }
        let isHeld = order.succeeded == nil && order.failed == nil
        if isHeld, let hold = evidence.hold(on: order.nextStep) {
            check.explained(
                "set aside for an order without outcome: \(hold.text)", order: order.id, service: hold.service,
                at: inventory.place(reserved))
        }
        if isSold || isHeld { return }
        if let hold = evidence.hold(on: order.release) {
            check.explained(
                "reserved for an order that is not paid for, not released: \(hold.text)", order: order.id,
                service: .inventory, at: inventory.place(reserved))
        } else if let reason = evidence.inFlight.reason(order.id, at: [.inventory]) {
            check.waiting(
                "reserved for an order that is not paid for, not released yet (\(reason.text))", order: order.id,
                service: .inventory, at: inventory.place(reserved))
        } else if evidence.gap(in: .inventory) == nil {
            check.broken(
                "reserved for an order that is not paid for, and nothing is under way to release it", order: order.id,
                event: inventory[reserved]?.id, service: .inventory, at: inventory.place(reserved))
        }
    }

    /// What is released is what was reserved.
    private static func checkLines(
        _ order: OrderFacts, _ reserved: UInt64, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        let inventory = evidence.topic(.inventory)
        guard let released = order.released, let event = inventory[released], let reservation = inventory[reserved],
            inventory.details.stock[Int(event.detail)].lines
                != inventory.details.stock[Int(reservation.detail)].lines
        else { return }
        check.broken(
            "\(inventory.typeName(of: event)) is not of what was reserved", order: order.id, event: event.id,
            service: .inventory, at: inventory.place(released))
    }

    // MARK: - The table

    /// The Inventory database says the same, where it stands where the log stands.
    private static func checkTable(_ fold: StockFold, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let inventory = evidence.topic(.inventory)
        guard let table = evidence.domain.stock, let counter = evidence.services[.inventory]?.counters[.inventory]
        else {
            if inventory.end > 0 { check.waiting(evidence.noDatabase(of: .inventory), service: .inventory) }
            return
        }
        guard evidence.gap(in: .inventory) == nil else { return }
        guard counter.next == inventory.end + 1 else {
            check.waiting(
                "the database of inventory stands at sequence \(counter.next - 1), the log at \(inventory.end): not compared",
                service: .inventory)
            return
        }
        for product in Set(table.keys).union(fold.stock.keys).sorted() {
            check.checked += 1
            let row = table[product] ?? DomainFacts.StockRow(available: 0, reserved: 0)
            let folded = fold.stock[product] ?? StockFold.Pieces()
            if Int128(row.available) != folded.available || Int128(row.reserved) != folded.reserved {
                check.broken(
                    "\(product): the Inventory database says \(row.available) available, \(row.reserved) reserved; "
                        + "the log says \(folded.available), \(folded.reserved)",
                    service: .inventory, at: Place(file: "db/inventory/inventory.db"))
            }
        }
    }
}

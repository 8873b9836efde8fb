import Contracts

/// Each order's total is what its lines add up to, at the prices of the catalogue at that time. (Invariant 4.)
enum OrderSums {
    static func check(_ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        let history = evidence.domain.prices
        var beforeHistory = 0
        for (offset, event) in orders.said where event.kind == .orderCreated {
            check.checked += 1
            let created = orders.details.created[Int(event.detail)]
            func broken(_ message: String) {
                check.broken(
                    message, order: event.order, event: event.id, service: .order, at: orders.place(offset))
            }
            let sum = sum(of: created.lines)
            if sum != Int128(created.total.amount) {
                broken(
                    "the total is \(text(created.total)), its lines add up to "
                        + (sum.map { text($0, created.total.currency) } ?? "more than any number holds"))
            }
            if created.lines.contains(where: { $0.quantity <= 0 || $0.unitPrice < 0 }) {
                broken("a line with a quantity below 1 or a price below 0")
            }
            // What came while the evidence was read may be of a younger catalogue.
            guard let history, evidence.hasWritten(.orders, offset: offset) else { continue }
            let sequence = Int64(clamping: offset) &+ 1
            guard let begin = history.begin, sequence >= begin else {
                beforeHistory += 1
                continue
            }
            for line in created.lines {
                let said = Money(amount: line.unitPrice, currency: created.total.currency)
                let price = history.price(of: line.productID, at: sequence)
                guard price != said else { continue }
                broken(
                    "\(line.productID) was sold at \(text(said)), the catalogue's price was "
                        + (price.map { text($0) } ?? "none"))
            }
        }
        checkHistory(history, orders, beforeHistory, &check)
    }

    /// Nil beyond 128 bits.
    private static func sum(of lines: [OrderLine]) -> Int128? {
        var sum: Int128 = 0
        for line in lines {
            // Of two 64-bit factors the product fits.
            let (next, overflow) = sum.addingReportingOverflow(Int128(line.quantity) * Int128(line.unitPrice))
            if overflow { return nil }
            sum = next
        }
        return sum
    }

    private static func checkHistory(
        _ history: PriceHistory?, _ orders: TopicFacts, _ beforeHistory: Int, _ check: inout InvariantCheck
    ) {
        let file = Place(file: "db/order/order.db")
        guard let history else {
            if orders.end > 0 {
                check.note("the Order database keeps no history of prices: unit prices are not compared with it")
            }
            return
        }
        for product in history.strays {
            check.broken(
                "\(product): the catalogue's price is not the last one of its history", service: .order, at: file)
        }
        if beforeHistory > 0, let begin = history.begin {
            check.note(
                "the history of prices begins at sequence \(begin) of orders: the unit prices of \(beforeHistory) orders "
                    + "before are not compared with it")
        } else if beforeHistory > 0 {
            check.waiting(
                "the history of prices is empty: unit prices cannot be compared with it", service: .order, at: file)
        }
    }
}

import Contracts

/// What later events repeat of an order is what its OrderCreated says.
enum OrderCopies {
    /// What an outcome of the order repeats, field by field. (Invariant 2.)
    static func faults(in event: EventFact, _ kind: EventKind, _ order: OrderFacts, _ evidence: Evidence) -> [String] {
        let details = evidence.topic(.orders).details
        guard order.created != nil else { return [] }
        let created = details.created[Int(order.detail)]
        switch kind {
        case .orderConfirmed:
            let said = details.confirmed[Int(event.detail)]
            return faults(created, said.customerID, said.email, said.lines, said.total)
        case .orderCancelled:
            let said = details.cancelled[Int(event.detail)]
            return faults(created, said.customerID, said.email, said.lines, said.total)
        default: return []
        }
    }

    private static func faults(
        _ created: V1.OrderCreated, _ customer: String, _ email: String, _ lines: [OrderLine], _ total: Money
    ) -> [String] {
        var faults: [String] = []
        if customer != created.customerID {
            faults.append("customer '\(customer)', ordered by '\(created.customerID)'")
        }
        // No address is quoted: a finding may be read by those who must not see it.
        if email != created.email { faults.append("another e-mail address than the order's") }
        if lines != created.lines { faults.append("other lines than the order's") }
        if total != created.total { faults.append("total \(text(total)), ordered for \(text(created.total))") }
        return faults
    }

    /// What a reservation repeats of the order that it is for. (Invariant 3.)
    static func faults(in reservation: Detail.Stock, _ created: V1.OrderCreated, at time: Int64) -> [String] {
        var faults: [String] = []
        if Demand(created.lines).lines != reservation.lines { faults.append("is not for what was ordered") }
        guard let said = reservation.reservation else { return faults }
        if said.total != created.total {
            faults.append("says \(text(said.total)), which is what is charged; ordered for \(text(created.total))")
        }
        if said.cardToken != created.cardToken { faults.append("names another card token than the order") }
        if said.expiresAt.microseconds < time { faults.append("expires at \(said.expiresAt), before it was made") }
        return faults
    }
}

/// What is asked of each product in all lines together, in the order of first mention.
struct Demand {
    private(set) var lines: [StockLine] = []

    init(_ ordered: [OrderLine]) {
        var places: [String: Int] = [:]
        for line in ordered {
            if let place = places[line.productID] {
                // Beyond 64 bits nothing can be reserved.
                let (sum, overflow) = lines[place].quantity.addingReportingOverflow(line.quantity)
                lines[place].quantity = overflow ? .max : sum
            } else {
                places[line.productID] = lines.count
                lines.append(StockLine(productID: line.productID, quantity: line.quantity))
            }
        }
    }
}

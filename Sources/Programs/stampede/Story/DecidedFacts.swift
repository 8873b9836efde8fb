import Contracts

extension ServiceRecords {
    /// When the service decided a fact, as its rows tell; nil where it has not. A row is written in the transaction that
    /// puts the event into the outbox.
    ///
    /// - Parameter trigger: id of the event that a message tells of.
    func decided(_ types: [String], of trigger: String?) -> Timestamp? {
        switch service {
        case .order: orderDecided(types)
        case .inventory:
            types.contains(V1.StockReleased.type)
                ? time("reservation", "releasedAt")
                : types.contains(V1.StockReserved.type) ? time("reservation", "decidedAt") : nil
        case .payment:
            types.contains(V1.PaymentRefunded.type)
                ? time("payment", "refundedAt")
                : types.contains(V1.PaymentSucceeded.type) ? time("payment", "settledAt") : nil
        case .notification:
            rows("notification").first { trigger != nil && $0["eventId"]?.text == trigger }?["at"]?.text
                .flatMap { Timestamp($0) }
        case .analytics: nil
        }
    }

    private func orderDecided(_ types: [String]) -> Timestamp? {
        if types == [V1.OrderCreated.type] { return time("order", "createdAt") }
        let isDecided =
            switch first("order")?["status"]?.text {
            case "confirmed": types.contains(V1.OrderConfirmed.type)
            case "cancelled": types.contains(V1.OrderCancelled.type)
            default: false
            }
        return isDecided ? time("order", "updatedAt") : nil
    }

    private func time(_ row: String, _ column: String) -> Timestamp? {
        first(row)?[column]?.text.flatMap { Timestamp($0) }
    }
}

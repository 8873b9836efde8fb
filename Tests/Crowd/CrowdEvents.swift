import Contracts

/// What the events of the crowd's orders say.
extension CrowdWay.Step {
    var type: String {
        switch self {
        case .created: V1.OrderCreated.type
        case .reserved: V1.StockReserved.type
        case .paid: V1.PaymentSucceeded.type
        case .confirmed: V1.OrderConfirmed.type
        case .told: V1.NotificationSent.type
        }
    }

    func data(_ order: OrderID) throws -> [UInt8] {
        let price = Money(amount: 1999, currency: "GBP")
        let lines = [OrderLine(productID: "P-0001", quantity: 1, unitPrice: 1999)]
        switch self {
        case .created:
            return try V1.OrderCreated(
                customerID: "c-1", email: "ann@example.test", lines: lines, total: price, cardToken: "tok_visa",
                idempotencyKey: "key-\(order)", bodyHash: String(repeating: "0", count: 64)
            ).encoded()
        case .reserved:
            return try V1.StockReserved(
                lines: [StockLine(productID: "P-0001", quantity: 1)], total: price, cardToken: "tok_visa",
                expiresAt: Crowd.start + .seconds(600)
            ).encoded()
        case .paid: return try V1.PaymentSucceeded(amount: price, paymentIntent: "pi_1").encoded()
        case .confirmed:
            return try V1.OrderConfirmed(
                customerID: "c-1", email: "ann@example.test", lines: lines, total: price
            ).encoded()
        case .told:
            return try V1.NotificationSent(
                kind: .confirmation, channel: "mbox", messageID: "<m1@stampede.example>"
            ).encoded()
        }
    }
}

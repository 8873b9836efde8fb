import Contracts

/// Events with sensible contents, for tests that care about one thing.
enum Sample {
    static let lines = [
        OrderLine(productID: "P-0001", quantity: 2, unitPrice: 1999),
        OrderLine(productID: "P-0002", quantity: 1, unitPrice: 500),
    ]
    static let total = Money(amount: 4498, currency: "GBP")

    static func created(_ lines: [OrderLine] = lines, total: Money = total) -> V1.OrderCreated {
        V1.OrderCreated(
            customerID: "c-1", email: "ann@example.test", lines: lines, total: total, cardToken: "tok_visa",
            idempotencyKey: "key", bodyHash: "00")
    }

    static func confirmed(
        _ lines: [OrderLine] = lines, total: Money = total, email: String = "ann@example.test"
    ) -> V1.OrderConfirmed {
        V1.OrderConfirmed(customerID: "c-1", email: email, lines: lines, total: total)
    }

    static func cancelled(
        _ reason: CancellationReason, _ lines: [OrderLine] = lines, total: Money = total,
        email: String = "ann@example.test"
    ) -> V1.OrderCancelled {
        V1.OrderCancelled(reason: reason, customerID: "c-1", email: email, lines: lines, total: total)
    }

    static func stock(_ lines: [OrderLine]) -> [StockLine] {
        lines.map { StockLine(productID: $0.productID, quantity: $0.quantity) }
    }
}

package import Contracts

package enum OrderStatus: String, Codable, CaseIterable, Sendable {
    case pending, confirmed, cancelled
}

/// What another service said that settles an order.
package enum OrderNews: Equatable, CaseIterable, Sendable {
    case stockRejected, paymentSucceeded, paymentFailed, paymentRefunded
}

/// What an order does on a piece of news.
package enum OrderStep: Equatable, Sendable {
    case confirm
    case cancel
    /// The order is there already.
    case nothing
    /// Cannot happen while every judge keeps to its own question: kept as an anomaly.
    case illegal

    package static func step(from status: OrderStatus, reason: CancellationReason?, on news: OrderNews) -> OrderStep {
        legalSteps[OrderStanding(status, reason)]?[news] ?? .illegal
    }

    /// Every legal step: what is not in this table is illegal.
    package static let legalSteps: [OrderStanding: [OrderNews: OrderStep]] = [
        OrderStanding(.pending): [.stockRejected: .cancel, .paymentSucceeded: .confirm, .paymentFailed: .cancel],
        OrderStanding(.confirmed): [.paymentSucceeded: .nothing, .paymentRefunded: .cancel],
        OrderStanding(.cancelled, .soldOut): [.stockRejected: .nothing],
        OrderStanding(.cancelled, .paymentDeclined): [.paymentFailed: .nothing],
        OrderStanding(.cancelled, .paymentExpired): [.paymentFailed: .nothing],
        OrderStanding(.cancelled, .cancelledByCustomer): [.paymentFailed: .nothing],
        OrderStanding(.cancelled, .abandoned): [.paymentFailed: .nothing],
        OrderStanding(.cancelled, .refunded): [.paymentSucceeded: .nothing, .paymentRefunded: .nothing],
    ]
}

/// Where an order stands.
package struct OrderStanding: Hashable, Sendable {
    package let status: OrderStatus
    /// Of a cancelled order.
    package let reason: CancellationReason?

    package init(_ status: OrderStatus, _ reason: CancellationReason? = nil) {
        self.status = status
        self.reason = reason
    }
}

extension CancellationReason {
    /// What a failed payment means for the order.
    init(_ reason: PaymentFailureReason) {
        self =
            switch reason {
            case .declined: .paymentDeclined
            case .expired: .paymentExpired
            case .cancelledByCustomer: .cancelledByCustomer
            case .abandoned: .abandoned
            }
    }
}

/// An order as Order's database has it.
package struct StoredOrder: Sendable, Equatable {
    package var orderID: OrderID
    package var customerID: String
    package var email: String
    package var lines: [OrderLine]
    package var total: Money
    package var idempotencyKey: String
    package var bodyHash: String
    package var status: OrderStatus
    package var reason: CancellationReason?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var cancellationRequestedAt: Timestamp?
}

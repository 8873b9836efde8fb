package import Contracts

package enum OrderStatus: String, Codable, CaseIterable, Sendable {
    case pending, confirmed, cancelled
}

/// What another service said that settles an order.
package enum OrderNews: Equatable, CaseIterable, Sendable {
    case stockRejected, paymentSucceeded, paymentFailed, paymentRefunded
}

/// Which step an order takes on which news: the whole table, so that it can be read and tested whole.
package enum OrderStep: Equatable, Sendable {
    case confirm
    case cancel
    /// The order is there already.
    case nothing
    /// Cannot happen while every judge keeps to its own question.
    case illegal

    package static func step(from status: OrderStatus, reason: CancellationReason?, on news: OrderNews) -> OrderStep {
        switch (status, news) {
        case (.pending, .paymentSucceeded): .confirm
        case (.pending, .stockRejected), (.pending, .paymentFailed): .cancel
        case (.confirmed, .paymentRefunded): .cancel
        case (.confirmed, .paymentSucceeded): .nothing
        case (.cancelled, .stockRejected): reason == .soldOut ? .nothing : .illegal
        case (.cancelled, .paymentFailed): reason == .refunded || reason == .soldOut ? .illegal : .nothing
        case (.cancelled, .paymentSucceeded), (.cancelled, .paymentRefunded): reason == .refunded ? .nothing : .illegal
        case (.pending, .paymentRefunded), (.confirmed, .stockRejected), (.confirmed, .paymentFailed): .illegal
        }
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

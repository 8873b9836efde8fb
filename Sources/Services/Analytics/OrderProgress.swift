/// Which facts about an order are known. Facts of several topics come in any order, so they are a set, not a state.
package struct OrderProgress: OptionSet, Hashable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static let created = Self(rawValue: 1)
    package static let cancellationRequested = Self(rawValue: 2)
    package static let confirmed = Self(rawValue: 4)
    package static let cancelled = Self(rawValue: 8)
    package static let reserved = Self(rawValue: 16)
    package static let rejected = Self(rawValue: 32)
    package static let released = Self(rawValue: 64)
    package static let paid = Self(rawValue: 128)
    package static let unpaid = Self(rawValue: 256)
    package static let refunded = Self(rawValue: 512)

    /// The service and event that an order without outcome waits for.
    package var waitsFor: String {
        if !isDisjoint(with: [.rejected, .unpaid, .refunded]) { return "order: OrderCancelled" }
        if contains(.paid) { return "order: OrderConfirmed" }
        if contains(.reserved) { return "payment: PaymentSucceeded or PaymentFailed" }
        return "inventory: StockReserved or StockRejected"
    }
}

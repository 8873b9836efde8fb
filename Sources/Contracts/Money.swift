/// An amount in the minor units of its currency (pence, cents), as an integer, with its ISO 4217 code.
package struct Money: Codable, Hashable, Sendable {
    package var amount: Int64
    package var currency: String

    /// Largest amount of one price, one order or one payment, in minor units: twelve digits, as Stripe's largest.
    ///
    /// Sums of nine million such amounts stay within 64 bits; every JSON reader keeps it exact (it is below 2^53).
    package static let maximumAmount: Int64 = 999_999_999_999

    package init(amount: Int64, currency: String) {
        self.amount = amount
        self.currency = currency
    }
}

/// One product of an order at the price fixed at checkout.
package struct OrderLine: Codable, Hashable, Sendable {
    package var productID: String
    package var quantity: Int64
    /// Minor units of the order's currency, a piece.
    package var unitPrice: Int64

    package init(productID: String, quantity: Int64, unitPrice: Int64) {
        self.productID = productID
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}

/// So many pieces of one product, where the price does not matter.
package struct StockLine: Codable, Hashable, Sendable {
    package var productID: String
    package var quantity: Int64

    package init(productID: String, quantity: Int64) {
        self.productID = productID
        self.quantity = quantity
    }
}

package import Contracts
package import Delivery
package import GRDB

/// What a shopper sends.
package struct CheckoutRequest: Sendable, Equatable {
    package var customerID: String
    package var email: String
    package var currency: String
    package var cardToken: String
    package var lines: [StockLine]
    package var idempotencyKey: String
    /// SHA-256 of the body, hex.
    package var bodyHash: String
    package var traceparent: String?

    package init(
        customerID: String, email: String, currency: String, cardToken: String, lines: [StockLine],
        idempotencyKey: String,
        bodyHash: String, traceparent: String? = nil
    ) {
        self.customerID = customerID
        self.email = email
        self.currency = currency
        self.cardToken = cardToken
        self.lines = lines
        self.idempotencyKey = idempotencyKey
        self.bodyHash = bodyHash
        self.traceparent = traceparent
    }
}

/// Why a checkout is refused: which field, and what about it.
package struct CheckoutRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case invalidField, unknownProduct, idempotencyKeyReused
    }

    package let kind: Kind
    /// As in the body: `lines[2].quantity`.
    package let field: String
    package let detail: String

    package init(_ kind: Kind, field: String, _ detail: String) {
        self.kind = kind
        self.field = field
        self.detail = detail
    }

    package var description: String { "\(field): \(detail)" }
}

/// Bounds of an order; the defaults hold real wholesale orders.
package struct CheckoutLimits: Sendable {
    package var lines = 1000
    package var quantity: Int64 = 100_000
    /// Largest total, in minor units.
    package var total = Money.maximumAmount

    package init() {}
}

/// Places orders: prices from the catalogue, fixed from then on; one order an idempotency key, for ever.
///
/// *Guarantee*: the same key and body get the first answer again, the same key with another body is refused; both read
/// and write happen in one transaction, so of two at once the second sees the first. *If broken*: a shopper who presses
/// twice pays twice.
package struct Checkout: CommandHandler {
    package struct Accepted: Sendable, Equatable {
        package let orderID: OrderID
        package let total: Money
    }

    private let limits: CheckoutLimits
    private let randomness: any Randomness

    package init(limits: CheckoutLimits = CheckoutLimits(), randomness: any Randomness) {
        self.limits = limits
        self.randomness = randomness
    }

    package func decide(_ request: CheckoutRequest, at now: Timestamp, in db: Database) throws -> CommandDecision<
        Accepted
    > {
        if let known = try OrderStore.order(idempotencyKey: request.idempotencyKey, db) {
            let accepted = Accepted(orderID: known.orderID, total: known.total)
            #if MUTANTS
                if Mutant.otherBodyAccepted.isOn { return CommandDecision(reply: accepted) }
            #endif
            guard known.bodyHash == request.bodyHash else {
                throw CheckoutRefusal(
                    .idempotencyKeyReused, field: "Idempotency-Key", "this key was used with another body")
            }
            return CommandDecision(reply: accepted)
        }
        let (lines, total) = try price(request, db)
        let order = OrderID.version7(at: now, randomBits: (randomness.next(), randomness.next()))
        let created = V1.OrderCreated(
            customerID: request.customerID, email: request.email, lines: lines, total: total,
            cardToken: request.cardToken,
            idempotencyKey: request.idempotencyKey, bodyHash: request.bodyHash)
        return CommandDecision(
            reply: Accepted(orderID: order, total: total),
            command: Command(
                key: "create:\(order)", correlationID: order.rebound(), at: now, traceparent: request.traceparent),
            outgoing: [.event(created, order: order)])
    }

    private func price(_ request: CheckoutRequest, _ db: Database) throws -> ([OrderLine], Money) {
        var lines: [OrderLine] = []
        var total: Int64 = 0
        for (index, line) in request.lines.enumerated() {
            guard let product = try Catalog.product(line.productID, db) else {
                throw CheckoutRefusal(
                    .unknownProduct, field: "lines[\(index)].productId", "no product '\(line.productID)' is for sale")
            }
            guard product.price.currency == request.currency else {
                throw CheckoutRefusal(
                    .invalidField, field: "currency",
                    "'\(line.productID)' is sold in \(product.price.currency), not in \(request.currency)")
            }
            let (amount, overflow) = product.price.amount.multipliedReportingOverflow(by: line.quantity)
            let (sum, sumOverflow) = total.addingReportingOverflow(amount)
            guard !overflow, !sumOverflow, sum <= limits.total else {
                throw CheckoutRefusal(
                    .invalidField, field: "lines[\(index)].quantity", "the total exceeds \(limits.total) minor units")
            }
            total = sum
            lines.append(OrderLine(productID: line.productID, quantity: line.quantity, unitPrice: product.price.amount))
        }
        guard total > 0 else {
            throw CheckoutRefusal(
                .invalidField, field: "lines", "the total is 0: there is nothing to pay, and no card is charged nothing"
            )
        }
        return (lines, Money(amount: total, currency: request.currency))
    }

    // MARK: - What can be refused without looking anything up

    /// - Throws: `CheckoutRefusal` naming the field.
    package func validate(_ request: CheckoutRequest) throws {
        func require(_ holds: Bool, _ field: String, _ detail: String) throws {
            guard holds else { throw CheckoutRefusal(.invalidField, field: field, detail) }
        }
        try require(
            isPlainText(request.customerID, 1...100), "customerId", "1 to 100 characters, no control characters")
        if let fault = MailAddress.fault(of: request.email) {
            throw CheckoutRefusal(.invalidField, field: "email", "\(fault); an example is ann@example.test")
        }
        try require(
            Currency.minorUnitDigits(request.currency) != nil, "currency",
            "a currency of ISO 4217 that has a minor unit, in capital letters, such as GBP")
        try require(
            (1...100).contains(request.cardToken.utf8.count)
                && request.cardToken.utf8.allSatisfy { (33...126).contains($0) },
            "cardToken", "1 to 100 visible ASCII characters")
        try require(
            (1...limits.lines).contains(request.lines.count), "lines",
            "1 to \(limits.lines) lines, this order has \(request.lines.count)")
        var seen: Set<String> = []
        for (index, line) in request.lines.enumerated() {
            try require(
                isPlainText(line.productID, 1...Catalog.maximumProductIDBytes), "lines[\(index)].productId",
                "1 to \(Catalog.maximumProductIDBytes) characters of text")
            try require(
                (1...limits.quantity).contains(line.quantity), "lines[\(index)].quantity",
                "a whole number from 1 to \(limits.quantity), this is \(line.quantity)")
            try require(
                seen.insert(line.productID).inserted, "lines[\(index)].productId",
                "'\(line.productID)' is named twice; merge the quantities")
        }
    }

    /// Lengths count Unicode scalars, as JSON Schema's do.
    private func isPlainText(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }
}

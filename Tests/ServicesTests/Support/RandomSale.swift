import Contracts
import TestSupport

/// A seeded sale as the logs of four topics would hold it: legal orders, each topic in its order, nothing promised between
/// topics.
struct RandomSale {
    struct Said {
        let payload: any EventPayload
        let subject: String
        let time: Timestamp
    }

    private(set) var topics: [Topic: [Said]] = [:]
    private let random: SeededRandomness
    private var stock: [String: Int64] = [:]
    private var clock: Timestamp

    init(orders: Int, products: Int, seed: UInt64, start: Timestamp) {
        random = SeededRandomness(seed: seed)
        clock = start
        for number in 0..<products {
            let product = "P-\(number)"
            stock[product] = Int64(random.below(20))
            say(
                V1.StockAdjusted(delta: stock[product] ?? 0, reason: .initial, adjustmentKey: "seed"), subject: product,
                on: .inventory)
        }
        for _ in 0..<orders { placeOrder(products: products) }
    }

    private mutating func say(_ payload: any EventPayload, subject: String, on topic: Topic) {
        clock = clock + .milliseconds(random.below(4000))
        topics[topic, default: []].append(Said(payload: payload, subject: subject, time: clock))
    }

    private mutating func placeOrder(products: Int) {
        let order = OrderID.version7(at: clock, randomBits: (random.next(), random.next()))
        let subject = order.description
        let currency = random.pick(["GBP", "EUR", "JPY"])
        let lines = (0...random.below(3)).map { _ in
            OrderLine(
                productID: "P-\(random.below(products))", quantity: Int64(1 + random.below(4)),
                unitPrice: Int64(random.below(5000)))
        }
        let total = Money(amount: lines.reduce(0) { $0 + $1.quantity * $1.unitPrice }, currency: currency)
        say(Sample.created(lines, total: total), subject: subject, on: .orders)
        if random.chance(0.1) { adjustStock(products: products) }
        if random.chance(0.1) { return }  // on its way, for ever
        guard let reserved = reserve(lines, order) else {
            say(V1.StockRejected(shortages: []), subject: subject, on: .inventory)
            return cancel(order, .soldOut, lines, total)
        }
        say(
            V1.StockReserved(lines: reserved, total: total, cardToken: "tok", expiresAt: clock), subject: subject,
            on: .inventory)
        if random.chance(0.1) { return }
        let asksOut = random.chance(0.2)
        if asksOut { say(V1.OrderCancellationRequested(), subject: subject, on: .orders) }
        if random.chance(0.3) {
            let (failure, reason): (PaymentFailureReason, CancellationReason) = random.pick([
                (.declined, .paymentDeclined), (.expired, .paymentExpired),
                (.cancelledByCustomer, .cancelledByCustomer),
                (.abandoned, .abandoned),
            ])
            say(V1.PaymentFailed(reason: failure, declineCode: nil), subject: subject, on: .payments)
            release(reserved, order, .paymentFailed)
            return cancel(order, reason, lines, total)
        }
        say(V1.PaymentSucceeded(amount: total, paymentIntent: "pi"), subject: subject, on: .payments)
        say(Sample.confirmed(lines, total: total), subject: subject, on: .orders)
        say(
            V1.NotificationSent(kind: .confirmation, channel: "mbox", messageID: "<m>"), subject: subject,
            on: .notifications)
        guard asksOut else { return }
        say(V1.PaymentRefunded(amount: total, paymentIntent: "pi", refund: "re"), subject: subject, on: .payments)
        release(reserved, order, .paymentRefunded)
        cancel(order, .refunded, lines, total)
    }

    private mutating func reserve(_ lines: [OrderLine], _ order: OrderID) -> [StockLine]? {
        let wanted = Dictionary(lines.map { ($0.productID, $0.quantity) }, uniquingKeysWith: +)
        guard wanted.allSatisfy({ stock[$0.key, default: 0] >= $0.value }) else { return nil }
        for (product, quantity) in wanted { stock[product, default: 0] -= quantity }
        return Sample.stock(lines)
    }

    private mutating func release(_ lines: [StockLine], _ order: OrderID, _ reason: ReleaseReason) {
        for line in lines { stock[line.productID, default: 0] += line.quantity }
        say(V1.StockReleased(lines: lines, reason: reason), subject: order.description, on: .inventory)
    }

    private mutating func cancel(_ order: OrderID, _ reason: CancellationReason, _ lines: [OrderLine], _ total: Money) {
        say(Sample.cancelled(reason, lines, total: total), subject: order.description, on: .orders)
        if random.chance(0.1) {
            let failed = V1.NotificationFailed(kind: NotificationKind.refund, channel: "mbox", reason: "x")
            say(failed, subject: order.description, on: .notifications)
        }
    }

    private mutating func adjustStock(products: Int) {
        let product = "P-\(random.below(products))"
        let delta = Int64(random.below(20)) - min(10, stock[product, default: 0])
        stock[product, default: 0] += delta
        say(V1.StockAdjusted(delta: delta, reason: .adjustment, adjustmentKey: "a"), subject: product, on: .inventory)
    }
}

import AnalyticsService
import Contracts

/// Where all orders are: rows that add up to those placed, whatever is in flight.
///
/// *Guarantee*: the sum of the rows is the number placed. Outcomes and placements come from one topic, so they are of one
/// moment; what is on its way is the rest, split by what the other topics, each read to a place of its own, say of it.
/// *If broken*: orders seem to vanish just when everybody looks.
struct Funnel: Encodable, Sendable {
    enum Kind: String, Encodable {
        case inFlight, confirmed, cancelled
    }

    struct Row: Encodable, Sendable {
        let name: String
        let kind: Kind
        let orders: Int64
    }

    let placed: Int64
    let rows: [Row]

    init(_ figures: Figures) {
        func events(_ type: String) -> Int64 { figures.events[type, default: 0] }
        placed = events(V1.OrderCreated.type)
        let pending = figures.orders.pending
        let stock = events(V1.StockReserved.type) + events(V1.StockRejected.type)
        let paid = events(V1.PaymentSucceeded.type) + events(V1.PaymentFailed.type)
        let inventory = Self.share(of: pending, placed - stock)
        let payment = Self.share(of: pending - inventory, events(V1.StockReserved.type) - paid)
        let reasons = figures.orders.cancelledByReason.sorted { $0.key < $1.key }
        rows =
            [
                Row(name: "waiting for stock", kind: .inFlight, orders: inventory),
                Row(name: "reserved, being paid", kind: .inFlight, orders: payment),
                Row(name: "outcome on its way", kind: .inFlight, orders: pending - inventory - payment),
                Row(name: "confirmed", kind: .confirmed, orders: figures.orders.confirmed),
            ] + reasons.map { Row(name: "cancelled: \(Self.words($0.key))", kind: .cancelled, orders: $0.value) }
    }

    /// What the topics say is ahead or behind by what was not read yet; no row is more than there is, or less than none.
    private static func share(of rest: Int64, _ said: Int64) -> Int64 { max(0, min(rest, said)) }

    /// `paymentDeclined` is "payment declined".
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            if character.isUppercase { text.append(" ") }
            text.append(character.lowercased())
        }
    }
}

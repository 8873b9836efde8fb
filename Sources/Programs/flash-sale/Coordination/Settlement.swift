import Contracts

/// One order's outcome, as the topic `orders` says it.
struct OrderOutcome: Sendable, Equatable {
    var order: OrderID
    /// `confirmed`, or the reason of the cancellation.
    var kind: String
    var time: Timestamp
    /// Minor units, where they were asked for.
    var total: Int64?

    static let confirmed = "confirmed"
}

/// An order that the shop acknowledged, and when its shopper meant to send it.
struct AcceptedOrder: Sendable, Equatable {
    var order: OrderID
    /// Nanoseconds after the start.
    var intended: Int64
    var total: Int64
    /// Its cancellation was acknowledged too: it is settled once it is cancelled.
    var mustBeCancelled = false
}

/// The outcomes seen so far. The latest outcome of an order is its current one, the first settles it.
struct Settlement: Sendable {
    struct Entry: Sendable, Equatable {
        var kind: String
        var settledAt: Timestamp
        var total: Int64?
    }

    private(set) var entries: [OrderID: Entry] = [:]

    mutating func add(_ outcome: OrderOutcome) {
        if var entry = entries[outcome.order] {
            entry.kind = outcome.kind
            entry.total = outcome.total ?? entry.total
            entries[outcome.order] = entry
        } else {
            entries[outcome.order] = Entry(kind: outcome.kind, settledAt: outcome.time, total: outcome.total)
        }
    }

    func isSettled(_ order: AcceptedOrder) -> Bool {
        guard let entry = entries[order.order] else { return false }
        return !order.mustBeCancelled || entry.kind != OrderOutcome.confirmed
    }

    /// Accepted orders by outcome, with `pending` for those without one; every kind that can be is named.
    func outcomes(of accepted: [AcceptedOrder]) -> [String: Int] {
        var counts = [OrderOutcome.confirmed: 0, "pending": 0]
        for reason in CancellationReason.allCases { counts[reason.rawValue] = 0 }
        for order in accepted {
            counts[isSettled(order) ? entries[order.order]?.kind ?? "pending" : "pending", default: 0] += 1
        }
        return counts
    }

    /// From the intended send to the first outcome.
    func latency(of accepted: [AcceptedOrder], start: Timestamp) -> Latency {
        var latency = Latency()
        for order in accepted {
            guard let entry = entries[order.order] else { continue }
            latency.record(
                nanoseconds: (entry.settledAt.microseconds - start.microseconds) * 1000 - order.intended)
        }
        return latency
    }
}

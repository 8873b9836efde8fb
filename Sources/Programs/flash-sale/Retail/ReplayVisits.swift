import Synchronization

/// A file's invoices as visits: an order an invoice, a `DELETE` a matched cancellation, evenly spaced in file order.
///
/// One customer's visits follow one another: each waits until the one before has departed, so a cancellation is sent
/// once the order that it cancels is acknowledged.
final class ReplayVisits: Visits {
    /// What became of the visits, for the report; outlives the worker.
    final class Outcome: Sendable {
        private let departures: Mutex<[Departure?]>

        init(count: Int) {
            departures = Mutex(Array(repeating: nil, count: count))
        }

        fileprivate func record(_ visitor: Int, _ departure: Departure) {
            departures.withLock { $0[visitor] = departure }
        }

        var all: [Departure?] { departures.withLock { $0 } }
    }

    private let plan: ReplayPlan
    private let run: String
    private let port: Int
    private let outcome: Outcome
    /// What may have to be cancelled.
    private var orders: [Int: (id: String, token: String)] = [:]

    init(plan: ReplayPlan, run: String, port: Int, outcome: Outcome) {
        self.plan = plan
        self.run = run
        self.port = port
        self.outcome = outcome
    }

    var count: Int { plan.stops.count }

    func intended(_ visitor: Int) -> Int64 { plan.intended(visitor) }

    func predecessor(of visitor: Int) -> Int? { plan.stops[visitor].predecessor }

    func visit(_ visitor: Int) -> Visit? {
        switch plan.stops[visitor].errand {
        case .place(let invoice):
            let key = ReplayPlan.key(run: run, invoice: invoice.number)
            return Visit(
                request: CheckoutRequest.place(
                    body: Array(ReplayPlan.body(of: invoice).utf8), key: key, port: port),
                purpose: .order(key: key, total: invoice.total, currency: Catalogue.currency))
        case .cancel(let stop):
            guard let order = orders[stop] else { return nil }
            return Visit(
                request: CheckoutRequest.cancel(order: order.id, token: order.token, port: port),
                purpose: .cancellation)
        }
    }

    func departed(_ visitor: Int, as departure: Departure) -> Int? {
        if case .accepted(let order, _, let token) = departure, !order.isEmpty { orders[visitor] = (order, token) }
        outcome.record(visitor, departure)
        return plan.stops[visitor].successor
    }
}

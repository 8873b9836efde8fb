import AnalyticsService
import Contracts

/// What Analytics can judge by itself of what must always hold. The judge of all ten invariants is `stampede audit`.
struct InvariantStrip {
    enum Verdict: String, Encodable, Sendable {
        case holds, broken
        /// Something was not read yet on which it hangs.
        case open
    }

    struct Invariant: Encodable, Sendable {
        let name: String
        let verdict: Verdict
        let detail: String
    }

    private let shown: DashboardFigures
    private let isCaughtUp: Bool

    /// - Parameter isCaughtUp: whether the figures are of everything that is in the log.
    init(_ shown: DashboardFigures, isCaughtUp: Bool) {
        self.shown = shown
        self.isCaughtUp = isCaughtUp
    }

    var all: [Invariant] { [notOversold, oneOutcome, confirmedArePaid, toldOnce, nobodyStuck] }

    private func events(_ type: String) -> Int64 { shown.figures.events[type, default: 0] }

    /// One topic says it all, in order: it is known at any moment.
    private var notOversold: Invariant {
        let detail = shown.scarcest.map { "fewest left: \($0.available) of \($0.productID)" } ?? "no product yet"
        return Invariant(
            name: "Nothing is oversold", verdict: (shown.scarcest?.available ?? 0) < 0 ? .broken : .holds,
            detail: detail)
    }

    /// Orders without outcome counted one by one are those placed less those settled: else one was settled twice, or never
    /// placed.
    private var oneOutcome: Invariant {
        let pending = shown.figures.orders.pending
        return Invariant(
            name: "Each order has one outcome",
            verdict: pending == shown.pendingCounted ? .holds : shown.setAside > 0 ? .open : .broken,
            detail: "\(pending) on their way, \(shown.pendingCounted) counted one by one")
    }

    /// Payments are another topic, which may be read less far.
    private var confirmedArePaid: Invariant {
        let paid = events(V1.PaymentSucceeded.type)
        let confirmed = events(V1.OrderConfirmed.type)
        return Invariant(
            name: "Confirmed is paid", verdict: verdict(confirmed <= paid),
            detail: "\(confirmed) confirmed, \(paid) paid")
    }

    private var toldOnce: Invariant {
        let told = events(V1.NotificationSent.type) + events(V1.NotificationFailed.type)
        let outcomes = events(V1.OrderConfirmed.type) + events(V1.OrderCancelled.type)
        return Invariant(
            name: "Each outcome is told once", verdict: verdict(told <= outcomes),
            detail: "\(told) told of \(outcomes)")
    }

    private var nobodyStuck: Invariant {
        let stuck = shown.figures.stuckOrders
        return Invariant(
            name: "No order is stuck", verdict: stuck > 0 ? .broken : .holds,
            detail: stuck > 0 ? "\(stuck) without outcome past the limit" : "none past the limit")
    }

    /// Of a rule over topics that are read each to a place of its own: what seems wrong is wrong only once all was read.
    private func verdict(_ holds: Bool) -> Verdict {
        holds ? .holds : isCaughtUp && shown.setAside == 0 ? .broken : .open
    }
}

import AnalyticsService
import Contracts

/// What Analytics can tell by itself of what must always hold, in the words of `stampede audit`, the judge of all ten
/// invariants.
///
/// *Guarantee*: nothing is called broken that the audit calls unknown or explained, and nothing holds that is not known.
/// *If broken*: an operator investigates a fault that does not exist, or misses one that does.
struct InvariantStrip {
    struct Invariant: Encodable, Sendable {
        let name: String
        let holds: Truth
        /// `holds`, `BROKEN`, `unknown`.
        let word: String
        let detail: String

        init(_ name: String, _ holds: Truth, _ detail: String) {
            (self.name, self.holds, word, self.detail) = (name, holds, holds.word, detail)
        }
    }

    /// The verdict as far as Analytics can tell it.
    struct Summary: Encodable, Sendable {
        let verdict: Verdict
        /// Why it is that word, or what is held up.
        let detail: String
    }

    private let shown: DashboardFigures
    private let shop: ShopDelivery
    private let isCaughtUp: Bool

    /// - Parameter isCaughtUp: whether the figures are of everything that is in the log.
    init(_ shown: DashboardFigures, isCaughtUp: Bool, shop: ShopDelivery) {
        self.shown = shown
        self.isCaughtUp = isCaughtUp
        self.shop = shop
    }

    var all: [Invariant] { [oneOutcome, notOversold, confirmedArePaid, toldOnce, everythingRead] }

    var summary: Summary {
        let all = self.all
        let verdict = Verdict(of: all.map(\.holds), orders: Int(clamping: events(V1.OrderCreated.type)))
        let reasons: [String] =
            switch verdict {
            case .invalid: all.filter { $0.holds == .no }.map { "\($0.name): \($0.detail)" }
            case .unknown: all.filter { $0.holds == .unknown }.map { "\($0.name): \($0.detail)" }
            case .nothingToJudge: ["no order was ever placed"]
            case .valid: []
            }
        return Summary(
            verdict: verdict, detail: (reasons + [shop.heldUp.text].compactMap(\.self)).joined(separator: "; "))
    }

    /// As the log has them: those applied, and those set aside here.
    private func events(_ type: String) -> Int64 {
        shown.figures.events[type, default: 0] + shown.setAside[type, default: 0]
    }

    private var outcomes: Int64 { events(V1.OrderConfirmed.type) + events(V1.OrderCancelled.type) }

    // MARK: - Invariants

    /// Orders without outcome counted one by one are those placed less those settled: else one was settled twice, or never
    /// placed. Those that dead letters hold up are accounted for.
    private var oneOutcome: Invariant {
        let name = "Each order has one outcome"
        let counted = shown.pendingCounted
        if shown.figures.orders.pending != counted {
            return Invariant(
                name, wrong(isWholeTopic: true),
                "\(shown.figures.orders.pending) on their way, \(counted) counted one by one")
        }
        let outcomesAside =
            shown.setAside[V1.OrderConfirmed.type, default: 0] + shown.setAside[V1.OrderCancelled.type, default: 0]
        // Orders that it has accepted and not said yet are known to itself alone.
        let isOrderSilent = shop.silent.contains(.order)
        let onTheirWay = max(0, counted - outcomesAside - shop.heldPending)
        let stuck = shown.figures.stuckOrders
        let late = onTheirWay > 0 && stuck > 0 ? ", \(stuck) past the limit" : ""
        let held = shop.heldPending > 0 ? "\(shop.heldPending) held up by dead letters" : nil
        let moving = onTheirWay > 0 || held == nil ? "\(onTheirWay) on their way\(late)" : nil
        return Invariant(
            name, onTheirWay > 0 || isOrderSilent ? .unknown : .yes,
            [moving, held].compactMap(\.self).joined(separator: ", "))
    }

    /// One topic says it all, in order: it is known at any moment, unless an event of it was set aside.
    private var notOversold: Invariant {
        let name = "Nothing is oversold"
        guard let scarcest = shown.scarcest else { return Invariant(name, .yes, "no product yet") }
        let detail = "fewest left: \(scarcest.available) of \(scarcest.productID)"
        return Invariant(name, scarcest.available >= 0 ? .yes : wrong(isWholeTopic: true), detail)
    }

    /// Payments are another topic, which may be read less far.
    private var confirmedArePaid: Invariant {
        let (paid, confirmed) = (events(V1.PaymentSucceeded.type), events(V1.OrderConfirmed.type))
        return Invariant(
            "Confirmed is paid", confirmed <= paid ? .yes : wrong(), "\(confirmed) confirmed, \(paid) paid")
    }

    private var toldOnce: Invariant {
        let name = "Each outcome is told once"
        let told = events(V1.NotificationSent.type) + events(V1.NotificationFailed.type)
        let detail = "\(told) told of \(outcomes)"
        if told > outcomes { return Invariant(name, wrong(), detail) }
        let missing = outcomes - told
        if missing > shop.untold { return Invariant(name, .unknown, detail) }
        return Invariant(name, .yes, missing > 0 ? "\(detail), \(missing) held up by dead letters" : detail)
    }

    private var everythingRead: Invariant {
        let underWay = shop.underWay ?? (isCaughtUp ? nil : "analytics-service has yet to read")
        return Invariant("Every event is read", underWay == nil ? .yes : .unknown, underWay ?? "by every service")
    }

    /// What seems wrong is wrong only if it is of the log's own events, and all of them.
    ///
    /// - Parameter isWholeTopic: whether it is of one topic alone, of which any beginning says it.
    private func wrong(isWholeTopic: Bool = false) -> Truth {
        let isWhole = shown.isLogsOwn && shown.setAside.isEmpty && shop.injected == 0
        return isWhole && (isWholeTopic || isCaughtUp) ? .no : .unknown
    }
}

import AnalyticsService
import Contracts
import Delivery

/// How far the shop is with its events and what holds orders up, as the services said last.
struct ShopDelivery: Sendable {
    /// Services without an answer to the latest question.
    var silent: [ServiceName] = []
    /// Events that a consumer has yet to read; `nil` if that is not known of one of them.
    var unread: UInt64? = 0
    /// Events parked until their next attempt.
    var retrying: Int64 = 0
    /// Events decided and not in the log yet.
    var unpublished: Int64 = 0
    /// Calls to the outside without a final response.
    var openCalls: Int64 = 0
    /// Events that were handed in raw, for a test.
    var injected: Int64 = 0
    /// Events that are dead letters at Notification, or parked behind one.
    var untold: Int64 = 0
    var heldUp = HeldUp(orders: 0, holding: 0, deadLetters: 0)
    /// Orders among those held up that have no outcome.
    var heldPending: Int64 = 0

    init() {}

    /// - Parameters:
    ///   - answers: of every service that ever answered, Analytics' own among them.
    ///   - asked: the services that were to answer.
    ///   - held: of the orders of `heldOrders(answers)`: how many were placed, how many of them have no outcome.
    init(
        _ answers: [DeliverySurvey.Answer], asked: [ServiceName], lag: [ConsumerLag],
        held: (placed: Int64, pending: Int64)
    ) {
        let latest = Set(answers.filter(\.isLatest).map(\.summary.service))
        silent = asked.filter { !latest.contains($0) }
        unread = lag.reduce(UInt64?(0)) { sum, row in
            guard let sum, let behind = row.behind else { return nil }
            return sum.addingReportingOverflow(behind).partialValue
        }
        for summary in answers.map(\.summary) {
            retrying += summary.retrying
            unpublished += summary.unpublished
            openCalls += summary.openCalls
            injected += summary.injected
            heldUp.deadLetters += Int(summary.letters)
            if summary.service == .notification { untold = summary.letters + summary.parked - summary.retrying }
        }
        heldUp.orders = Int(held.placed)
        heldUp.holding = held.placed == 0 ? 0 : answers.reduce(0) { $0 + Self.holding($1.summary).count }
        heldPending = held.pending
    }

    /// Orders of which an event is a dead letter where an order waits for it; nobody waits for Analytics.
    static func heldOrders(_ answers: [DeliverySurvey.Answer]) -> Set<OrderID> {
        Set(answers.flatMap { holding($0.summary) })
    }

    private static func holding(_ summary: DeliverySummary) -> [OrderID] {
        summary.service == .analytics ? [] : summary.heldOrders
    }

    /// What is under way, in words; `nil` if everything came to its end.
    var underWay: String? {
        func counted(_ number: Int64, _ what: String) -> String? { number == 0 ? nil : "\(number) \(what)" }
        let parts = [
            silent.isEmpty
                ? nil : "no answer from \(silent.map { $0.rawValue + "-service" }.joined(separator: ", "))",
            unread.map { counted(Int64(clamping: $0), "to read") } ?? "not known what is yet to read",
            counted(retrying, "to be tried again"), counted(unpublished, "in an outbox"),
            counted(openCalls, "calls without response"),
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

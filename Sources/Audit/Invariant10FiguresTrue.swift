import Contracts
import Foundation

/// 10. What Analytics shows equals what the log says, up to where Analytics has read.
enum FiguresTrue {
    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(10, "What Analytics shows is what the log says")
        let file = Place(file: "db/analytics/analytics.db")
        guard let facts = evidence.services[.analytics], let shown = evidence.domain.figures else {
            if evidence.events > 0 { check.waiting(evidence.noDatabase(of: .analytics), service: .analytics, at: file) }
            return check
        }
        let topics = Rules.subscriptions(of: .analytics).map { evidence.topic($0.topic) }
        for topic in topics {
            let position = facts.position(in: topic.topic)
            if position < topic.end {
                check.waiting(
                    "its figures stand at offset \(position) of \(topic.topic), which ends at \(topic.end)",
                    service: .analytics, at: topic.place(position))
            }
            if position > topic.end || topic.first > 0, let gap = evidence.gap(in: topic.topic) {
                check.waiting(
                    "the log's figures are not known: \(gap)", service: .analytics, at: topic.place(topic.end))
                return check
            }
        }
        let setAside = facts.parked.map(\.id) + facts.deadLetters.filter(\.isAtTheDesk).map(\.entry.id)
        if !setAside.isEmpty {
            check.waiting(
                "its figures lack \(setAside.count) events that are parked or at the desk", service: .analytics)
        }
        let expected = LogFigures(topics, facts, leavingOut: Set(setAside)).figures
        compare(shown, expected, file, &check)
        return check
    }

    private static func compare(_ shown: Figures, _ expected: Figures, _ file: Place, _ check: inout InvariantCheck) {
        table("order_facts", shown.orders, expected.orders, file, &check) { $0 }
        table("revenue", shown.revenue, expected.revenue, file, &check) { _ in nil }
        table("units", shown.units, expected.units, file, &check) { _ in nil }
        table("minutes", shown.minutes, expected.minutes, file, &check) { _ in nil }
        table("latency", shown.latency, expected.latency, file, &check) { _ in nil }
        if let shown = shown.cancellations {
            table("cancellations", shown, expected.cancellations ?? [:], file, &check) { _ in nil }
        }
        table("event_counts", shown.eventCounts, expected.eventCounts, file, &check) { _ in nil }
    }

    /// Key by key; a row of zeros is as good as none.
    private static func table<Key: Hashable & Comparable, Value: Equatable>(
        _ name: String, _ shown: [Key: Value], _ expected: [Key: Value], _ file: Place, _ check: inout InvariantCheck,
        order: (Key) -> OrderID?
    ) {
        for key in Set(shown.keys).union(expected.keys).sorted() {
            check.checked += 1
            let (left, right) = (shown[key], expected[key])
            if left == right || Self.isZero(left) && Self.isZero(right) { continue }
            check.broken(
                "\(name) \(key): Analytics shows \(left.map { "\($0)" } ?? "nothing"), the log says "
                    + (right.map { "\($0)" } ?? "nothing"),
                order: order(key), service: .analytics, at: file)
        }
    }

    private static func isZero<Value>(_ value: Value?) -> Bool {
        switch value {
        case nil: true
        case let number as Int64: number == 0
        case let order as Figures.OrderFigure: order == Figures.OrderFigure()
        case let units as Figures.Units: units == Figures.Units()
        case let minute as Figures.Minute: minute == Figures.Minute()
        default: false
        }
    }
}

/// Analytics' figures as they follow from the log.
private struct LogFigures {
    private(set) var figures = Figures()
    private var linesOfOrder: [OrderID: [Detail.Line]] = [:]

    /// Microseconds a minute.
    private static let minute: Int64 = 60_000_000

    init(_ topics: [TopicFacts], _ position: ServiceFacts, leavingOut: Set<EventID>) {
        figures.cancellations = [:]
        for topic in topics {
            let end = position.position(in: topic.topic)
            for (offset, event) in topic.logged {
                if offset >= end { break }
                guard let kind = event.kind, !leavingOut.contains(event.id) else { continue }
                figures.eventCounts[kind.type, default: 0] += 1
                switch topic.topic {
                case .orders: addOrder(kind, event, topic.details)
                case .inventory: addStock(kind, event, topic.details)
                default: break
                }
            }
        }
    }

    private mutating func addOrder(_ kind: EventKind, _ event: EventFact, _ details: Details) {
        guard let order = event.order else { return }
        var figure = figures.orders[order] ?? Figures.OrderFigure()
        let minute = event.time / Self.minute
        switch kind {
        case .orderCreated:
            let created = details.created[Int(event.detail)]
            figure.createdAt = event.time
            figure.amount = created.total.amount
            figure.currency = created.total.currency
            figures.minutes[minute, default: Figures.Minute()].created += 1
        case .orderConfirmed:
            let confirmed = details.confirmed[Int(event.detail)]
            end(&figure, "confirmed", nil, event.time)
            figures.minutes[minute, default: Figures.Minute()].confirmed += 1
            figures.revenue[confirmed.total.currency, default: 0] += confirmed.total.amount
            linesOfOrder[order] = confirmed.lines
            for line in confirmed.lines { figures.units[line.productID, default: .init()].sold += line.quantity }
        case .orderCancelled:
            let reason = details.cancelled[Int(event.detail)].reason
            end(&figure, "cancelled", reason.rawValue, event.time)
            figures.cancellations?[reason.rawValue, default: 0] += 1
            figures.minutes[minute, default: Figures.Minute()].cancelled += 1
            if reason == .refunded {
                if let currency = figure.currency { figures.revenue[currency, default: 0] -= figure.amount ?? 0 }
                for line in linesOfOrder[order] ?? [] {
                    figures.units[line.productID, default: .init()].sold -= line.quantity
                }
            }
        default: return
        }
        figures.orders[order] = figure
    }

    /// The latest outcome stands; the time to the first one counts.
    private mutating func end(_ figure: inout Figures.OrderFigure, _ outcome: String, _ reason: String?, _ time: Int64)
    {
        if figure.outcome == nil, let created = figure.createdAt {
            figures.latency[Self.bucket(microseconds: time - created), default: 0] += 1
        }
        figure.outcome = outcome
        figure.reason = reason
        figure.outcomeAt = time
    }

    private mutating func addStock(_ kind: EventKind, _ event: EventFact, _ details: Details) {
        switch kind {
        case .stockAdjusted:
            let (product, delta) = details.adjusted[Int(event.detail)]
            figures.units[product, default: .init()].available += delta
        case .stockReserved, .stockReleased:
            let sign: Int64 = kind == .stockReserved ? -1 : 1
            for line in details.stock[Int(event.detail)].lines {
                figures.units[line.productID, default: .init()].available += sign * line.quantity
            }
        default: break
        }
    }

    /// floor(4 · log2(ms + 1)), in whole milliseconds.
    private static func bucket(microseconds: Int64) -> Int64 {
        let value = Double(max(0, microseconds / 1000) + 1)
        return Int64((4 * log2(value)).rounded(.down))
    }
}

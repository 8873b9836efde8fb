import Contracts
import Foundation

/// Analytics' figures as they follow from the log, and from what an edit or an import put in the place of its bytes.
struct LogFigures {
    private(set) var figures = Figures()
    /// Microseconds a minute.
    private static let minute: Int64 = 60_000_000

    /// - Parameter leavingOut: events that Analytics has not applied.
    init(_ topics: [TopicFacts], _ facts: ServiceFacts, leavingOut: Set<EventID>, _ index: EventIndex) {
        figures.cancellations = [:]
        let standIns = StandIns(facts.desk)
        let repeated = Set(index.repeated.map { Place(topic: $0.topic, offset: $0.offset) })
        for topic in topics {
            let end = facts.position(in: topic.topic)
            for (offset, event) in topic.logged {
                if offset >= end { break }
                if let standIn = standIns[topic.topic, offset] {
                    add(standIn.event, topic.topic, standIn.details)
                    continue
                }
                if leavingOut.contains(event.id) { continue }
                // One id at two offsets is applied once.
                if !repeated.isEmpty, repeated.contains(Place(topic: topic.topic, offset: offset)) { continue }
                add(event, topic.topic, topic.details)
            }
        }
        for standIn in standIns.imported where !index.contains(standIn.event.id) {
            add(standIn.event, standIn.topic, standIn.details)
        }
    }

    private struct Place: Hashable {
        let topic: Topic
        let offset: UInt64
    }

    /// What Analytics acts on, by topic.
    private let subscribed = Dictionary(uniqueKeysWithValues: Rules.subscriptions(of: .analytics).map { ($0, $1) })

    private mutating func add(_ event: EventFact, _ topic: Topic, _ details: Details) {
        guard let kind = event.kind, subscribed[topic]?.contains(kind) ?? false else { return }
        figures.eventCounts[kind.type, default: 0] += 1
        switch topic {
        case .orders: addOrder(kind, event, details)
        case .inventory: addStock(kind, event, details)
        default: break
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
            figures.revenue[confirmed.total.currency, default: 0] += Int128(confirmed.total.amount)
            for line in confirmed.lines {
                figures.units[line.productID, default: .init()].sold += Int128(line.quantity)
            }
        case .orderCancelled:
            let cancelled = details.cancelled[Int(event.detail)]
            let reason = cancelled.reason
            end(&figure, "cancelled", reason.rawValue, event.time)
            figures.cancellations?[reason.rawValue, default: 0] += 1
            figures.minutes[minute, default: Figures.Minute()].cancelled += 1
            if reason == .refunded {
                figures.revenue[cancelled.total.currency, default: 0] -= Int128(cancelled.total.amount)
                for line in cancelled.lines {
                    figures.units[line.productID, default: .init()].sold -= Int128(line.quantity)
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
            figures.latency[Self.bucket(microseconds: Int64(clamping: Int128(time) - Int128(created))), default: 0] += 1
        }
        figure.outcome = outcome
        figure.reason = reason
        figure.outcomeAt = time
    }

    private mutating func addStock(_ kind: EventKind, _ event: EventFact, _ details: Details) {
        switch kind {
        case .stockAdjusted:
            let adjusted = details.adjusted[Int(event.detail)]
            figures.units[adjusted.product, default: .init()].available += Int128(adjusted.delta)
        case .stockReserved, .stockReleased:
            let sign: Int128 = kind == .stockReserved ? -1 : 1
            for line in details.stock[Int(event.detail)].lines {
                figures.units[line.productID, default: .init()].available += sign * Int128(line.quantity)
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

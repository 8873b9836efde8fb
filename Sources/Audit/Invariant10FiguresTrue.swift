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
        AnalyticsReports(evidence).check(&check)
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
        let leftOut = setAside(facts.desk, evidence, &check)
        let expected = LogFigures(topics, facts, leavingOut: leftOut, evidence.index).figures
        compare(shown, expected, file, &check)
        return check
    }

    /// What Analytics has not applied below its position: exactly what is parked, open or discarded at its desk.
    private static func setAside(_ desk: DeskFacts, _ evidence: Evidence, _ check: inout InvariantCheck) -> Set<EventID>
    {
        for letter in desk.letters where letter.isAtTheDesk {
            check.explained(
                "its figures lack \(letter.type.isEmpty ? "bytes that are no event" : letter.type), "
                    + (letter.state == .open ? "which lies at its dead-letter desk" : "which was discarded"),
                order: OrderID(letter.subject), event: letter.entry.id, service: .analytics,
                at: evidence.topic(letter.entry.topic).place(letter.entry.offset))
        }
        for parked in desk.parked {
            let place = evidence.topic(parked.entry.topic).place(parked.entry.offset)
            let order = OrderID(parked.subject)
            if let hold = evidence.held.hold(parked.entry.id, at: .analytics) {
                check.explained(
                    "its figures lack an event that is parked behind dead letter \(hold.letter.entry.id)", order: order,
                    event: parked.entry.id, service: .analytics, at: place)
            } else {
                check.waiting(
                    "its figures lack an event that is parked", order: order, event: parked.entry.id,
                    service: .analytics, at: place)
            }
        }
        return Set(desk.parked.map(\.entry.id) + desk.letters.filter(\.isAtTheDesk).map(\.entry.id))
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
        case let number as Int128: number == 0
        case let order as Figures.OrderFigure: order == Figures.OrderFigure()
        case let units as Figures.Units: units == Figures.Units()
        case let minute as Figures.Minute: minute == Figures.Minute()
        default: false
        }
    }
}

import AnalyticsService
import Contracts
import Delivery

/// Everything that the page shows, at one moment.
struct DashboardSnapshot: Encodable, Sendable {
    /// A currency's revenue: a string, because JSON's numbers are exact up to 2^53 only.
    struct Revenue: Encodable, Sendable {
        let currency: String
        /// Minor units.
        let amount: String
    }

    struct LetterGroup: Encodable, Sendable {
        let service: ServiceName
        let group: DeliverySummary.Group
        /// Whether the service still says so; else it is what it said last.
        let isCurrent: Bool
        /// What to type.
        let command: String
    }

    let at: Timestamp
    let place: String
    /// Whether the figures are of everything that is in the log.
    let isCaughtUp: Bool
    /// Those that do not work first.
    let processes: [ProcessState]
    let summary: InvariantStrip.Summary
    let invariants: [InvariantStrip.Invariant]
    let funnel: Funnel
    let revenue: [Revenue]
    let products: [Figures.Product]
    let latencyMilliseconds: Figures.Latency
    let points: [RateHistory.Point]
    let lag: [ConsumerLag]
    let deadLetters: Int64
    let letterGroups: [LetterGroup]
    let parked: Int64
    let stuck: [DashboardFigures.Stuck]
    let events: [RecentEvents.Line]
    /// What the commands on the page are told beside the usual.
    let dataOption: String

    static func revenue(_ figures: Figures) -> [Revenue] {
        figures.revenue.sorted { $0.key < $1.key }.map { Revenue(currency: $0.key, amount: String($0.value)) }
    }

    static func groups(_ answers: [DeliverySurvey.Answer], dataOption: String) -> [LetterGroup] {
        answers.flatMap { answer in
            answer.summary.groups.map { group in
                LetterGroup(
                    service: answer.summary.service, group: group, isCurrent: answer.isLatest,
                    command: "stampede dlq retry --group \(group.id) --plan\(dataOption)")
            }
        }.sorted { $0.group.letters > $1.group.letters }
    }
}

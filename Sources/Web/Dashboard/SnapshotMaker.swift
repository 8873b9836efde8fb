import AnalyticsService
import Contracts
import Delivery
import Foundation
import ServiceRuntime

/// Makes a snapshot a tick, for all who watch together.
///
/// *Guarantee*: what a snapshot costs depends neither on how many watch nor on how many events come: a few indexed reads
/// over a connection of its own, a few looks at the log's ends. *If broken*: the sale is slow because it is watched.
///
/// Not shared between tasks; its looks at the log block.
final class SnapshotMaker {
    private let sources: DashboardSources
    private let window: LogWindow
    private var survey: DeliverySurvey
    private var recent = RecentEvents()
    /// Of the other services, as they answered last: their positions against the ends of that moment.
    private var othersLag: [ConsumerLag] = []
    /// Orders that dead letters hold up, as Analytics knows them.
    private var held: (placed: Int64, pending: Int64) = (0, 0)
    private var supervisor = SupervisorStates(directory: nil)
    private let encoder: JSONEncoder

    init(_ sources: DashboardSources) {
        self.sources = sources
        window = LogWindow(sources.log)
        survey = DeliverySurvey(ports: sources.ports, hosts: sources.hosts)
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func counts() async throws -> DashboardFigures.Counts {
        try await sources.reader.read { try DashboardFigures.Counts($0) }
    }

    /// What is asked of others, and what the eye could not follow any faster.
    func lookAround() async throws {
        await survey.ask(at: sources.clock.now())
        let now = sources.clock.now()
        othersLag = try survey.services.flatMap { service in
            try survey.answers[service].map { try ConsumerLag.rows($0, at: now, window) } ?? [.unknown(service)]
        }
        let heldOrders = ShopDelivery.heldOrders(survey.services.compactMap { survey.answers[$0] })
        held =
            heldOrders.isEmpty ? (0, 0) : try await sources.reader.read { try DashboardFigures.held(heldOrders, $0) }
        supervisor = SupervisorStates(directory: sources.runDirectory)
        try recent.look(window)
    }

    func json(_ place: StreamPlace, _ points: [RateHistory.Point]) async throws -> String {
        String(decoding: try encoder.encode(try await snapshot(place, points)), as: UTF8.self)
    }

    private func snapshot(_ place: StreamPlace, _ points: [RateHistory.Point]) async throws -> DashboardSnapshot {
        let shown = try await sources.reader.read { [card = sources.card] db in try DashboardFigures(card, db) }
        // The ends after the positions: what was there before the figures has been read, or is seen to be missing.
        let isCaughtUp = try shown.delivery.positions.allSatisfy { position in
            try window.end(of: Topic(position.topic)) == UInt64(max(0, position.nextOffset))
        }
        let now = sources.clock.now()
        let own = DeliverySurvey.Answer(summary: shown.delivery, at: now, isLatest: true)
        let answers = survey.services.compactMap { survey.answers[$0] } + [own]
        let lag = othersLag + (try ConsumerLag.rows(own, at: now, window))
        let shop = ShopDelivery(answers, asked: survey.services, lag: lag, held: held)
        let strip = InvariantStrip(shown, isCaughtUp: isCaughtUp, shop: shop)
        return DashboardSnapshot(
            at: now, place: place.description, isCaughtUp: isCaughtUp,
            processes: ProcessState.all(
                answers, statuses: survey.statuses, silent: Set(shop.silent), supervisor: supervisor),
            summary: strip.summary, invariants: strip.all, funnel: Funnel(shown.figures),
            revenue: DashboardSnapshot.revenue(shown.figures), products: shown.figures.products,
            latencyMilliseconds: shown.figures.latencyMilliseconds, points: points,
            lag: lag,
            deadLetters: answers.reduce(0) { $0 + $1.summary.letters },
            letterGroups: DashboardSnapshot.groups(answers, dataOption: sources.dataOption),
            parked: answers.reduce(0) { $0 + $1.summary.parked }, stuck: shown.stuck, events: recent.lines,
            dataOption: sources.dataOption)
    }
}

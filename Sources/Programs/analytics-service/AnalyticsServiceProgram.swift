import AnalyticsService
import ArgumentParser
import CommandLineKit
import Contracts
import Delivery
import ProcessSettings
import ServiceRuntime
import Web

@main
struct AnalyticsServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "analytics-service", abstract: "Counts what all others say; reports stuck orders and low stock.",
        version: StampedeVersion.text)

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        AnalyticsService.card(lowStock: LowStock(threshold: Int64(settings.lowStockThreshold)))
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        var limits = StuckOrders.Limits()
        limits.age = .seconds(settings.stuckAfterSeconds)
        let reader = try DatabaseReader(path: process.node.database.path)
        PrometheusRegistry.shared.add(FigureMeasures(reader))
        let dashboard = Dashboard(sources(process, settings, card, reader))
        let admin = try AdminServer.make(
            port: settings.adminPort(of: .analytics), process: process, surfaces: [dashboard])
        try await process.run(
            parts: AnalyticsService.parts(
                node: process.node, log: process.log, limits: limits, randomness: process.randomness)
                + [dashboard.part],
            servers: [dashboard.ending(with: admin)])
    }

    private func sources(
        _ process: ServiceProcess, _ settings: Settings, _ card: ServiceCard, _ reader: DatabaseReader
    ) -> DashboardSources {
        let others = ServiceName.allCases.filter { $0 != .analytics }
        return DashboardSources(
            card: card, reader: reader, log: process.log, clock: process.clock,
            ports: Dictionary(uniqueKeysWithValues: others.map { ($0, settings.adminPort(of: $0)) }),
            hosts: settings.serviceHosts, runDirectory: DataLayout(settings.dataDirectory).run,
            dataOption: UsualDataDirectory().option(for: settings.dataDirectory), logger: process.logger)
    }
}

import AnalyticsService
import ArgumentParser
import Contracts
import Delivery
import ServiceRuntime
import Web

@main
struct AnalyticsServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "analytics-service", abstract: "Counts what all others say; reports stuck orders and low stock.")

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        AnalyticsService.card(lowStock: LowStock(threshold: Int64(try settings.lowStockThreshold())))
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings)
        var limits = StuckOrders.Limits()
        limits.age = .seconds(try settings.stuckAfterSeconds())
        try await process.run(
            parts: AnalyticsService.parts(
                node: process.node, log: process.log, limits: limits, randomness: process.randomness),
            servers: [AdminServer.make(port: try settings.adminPort(of: .analytics), process: process)])
    }
}

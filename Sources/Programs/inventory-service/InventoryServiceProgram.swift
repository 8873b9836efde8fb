import ArgumentParser
import CommandLineKit
import Contracts
import Delivery
import InventoryService
import ProcessSettings
import ServiceRuntime
import Web

@main
struct InventoryServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "inventory-service", abstract: "Sets stock aside for orders: all lines or none.",
        version: StampedeVersion.text)

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        InventoryService.card(hold: .seconds(settings.holdSeconds))
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        let doors = InventoryDoors(node: process.node, randomness: process.randomness)
        try await process.run(
            parts: doors.parts,
            servers: [
                AdminServer.make(
                    port: settings.adminPort(of: .inventory), process: process,
                    actions: [SeedingActions.stock(process, doors.stock)])
            ])
    }
}

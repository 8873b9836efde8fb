import ArgumentParser
import Contracts
import Delivery
import OrderService
import ServiceRuntime
import Web

@main
struct OrderServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "order-service", abstract: "Takes orders and keeps their status.")

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        OrderService.card()
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        var limits = CheckoutLimits()
        limits.lines = try settings.maximumLines()
        limits.quantity = Int64(try settings.maximumQuantity())
        let doors = OrderDoors(
            node: process.node, limits: limits, waiting: try settings.maximumWaitingCheckouts(),
            randomness: process.randomness)
        let server = CheckoutServer(
            checkout: doors.checkout, orders: doors.orders, cancellations: doors.cancellations,
            reader: try DatabaseReader(path: process.node.database.path),
            maximumBodyBytes: try settings.maximumBodyBytes(),
            telemetry: RequestTelemetry(tracer: process.traces?.tracer),
            surfaces: [Storefront(log: process.log, clock: process.clock)])

        try await process.run(
            parts: doors.parts,
            servers: [
                AdminServer.make(
                    port: try settings.adminPort(of: .order), process: process,
                    actions: [SeedingActions.products(process)]),
                server.service(
                    port: try settings.checkoutPort(),
                    maximumConnections: try OpenFiles.connections(settings.maximumConnections()),
                    logger: process.logger),
            ])
    }
}

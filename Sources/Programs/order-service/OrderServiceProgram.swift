import Access
import ArgumentParser
import CommandLineKit
import Contracts
import Delivery
import OrderService
import ProcessSettings
import ServiceRuntime
import Web

@main
struct OrderServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "order-service", abstract: "Takes orders and keeps their status.", version: StampedeVersion.text)

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        OrderService.card()
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        var limits = CheckoutLimits()
        limits.lines = settings.maximumLines
        limits.quantity = Int64(settings.maximumQuantity)
        let doors = OrderDoors(
            node: process.node, limits: limits, waiting: settings.maximumWaitingCheckouts,
            randomness: process.randomness)
        // Made durably before the first order is taken.
        let access = OrderAccess(
            try OrderTokens.load(directory: DataLayout(settings.dataDirectory).databaseDirectory(of: .order)) {
                try process.node.database.read { try OrderStore.hasOrders($0) }
            })
        let reader = try DatabaseReader(path: process.node.database.path)
        let products = ProductListing(reader)
        let server = CheckoutServer(
            checkout: doors.checkout, orders: doors.orders, cancellations: doors.cancellations,
            reader: reader, products: products, access: access,
            maximumBodyBytes: settings.maximumBodyBytes,
            telemetry: RequestTelemetry(tracer: process.traces?.tracer),
            surfaces: [
                Storefront(
                    log: process.log, clock: process.clock, access: access, maximumQuantity: limits.quantity)
            ],
            rateLimit: ClientRateLimit(settings, clock: process.clock))

        try await process.run(
            parts: doors.parts,
            servers: [
                AdminServer.make(
                    port: settings.adminPort(of: .order), process: process,
                    actions: [SeedingActions.products(process, products)]),
                server.service(
                    host: settings.listenAddress, port: settings.checkoutPort,
                    maximumConnections: try OpenFiles.connections(settings.maximumConnections), settings: settings,
                    logger: process.logger),
            ])
    }
}

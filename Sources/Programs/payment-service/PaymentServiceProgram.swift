import ArgumentParser
import CommandLineKit
import Contracts
import Delivery
import PaymentService
import ProcessSettings
import ServiceRuntime
import Web

@main
struct PaymentServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "payment-service", abstract: "Charges each order's card once, or says that it will not.",
        version: StampedeVersion.text)

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        PaymentService.card()
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        let concurrency = settings.gatewayConcurrency
        let gateway = HTTPGateway(
            host: settings.gatewayHost, port: settings.gatewayPort, connections: concurrency,
            timeout: .milliseconds(settings.gatewayTimeoutMilliseconds))
        try await process.run(
            parts: try PaymentService.parts(
                node: process.node, gateway: MeasuredGateway(gateway), concurrency: concurrency,
                randomness: process.randomness,
                callExecutor: gateway.executor),
            servers: [AdminServer.make(port: settings.adminPort(of: .payment), process: process)])
    }
}

import ArgumentParser
import CommandLineKit
import Contracts
import Delivery
import NotificationService
import ProcessSettings
import ServiceRuntime
import Web

@main
struct NotificationServiceProgram: ServiceProgram {
    static let configuration = CommandConfiguration(
        commandName: "notification-service", abstract: "Tells customers what became of their orders, once.",
        version: StampedeVersion.text)

    @OptionGroup var options: ServiceOptions

    static func main() async { await start() }

    func card(_ settings: Settings) throws -> ServiceCard {
        NotificationService.card(operatorAddress: settings.operatorEmail)
    }

    func serve(_ settings: Settings, _ card: ServiceCard) async throws {
        let process = try ServiceProcess(card, settings: settings, collector: HTTPCollector.init)
        let mailbox = MboxChannel(file: try PosixAppendOnlyFile(path: DataLayout(settings.dataDirectory).mailbox))
        try await process.run(
            parts: try NotificationService.parts(
                node: process.node, channel: mailbox,
                operatorAddress: settings.operatorEmail,
                randomness: process.randomness),
            servers: [AdminServer.make(port: settings.adminPort(of: .notification), process: process)])
    }
}

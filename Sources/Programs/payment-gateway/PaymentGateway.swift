import ArgumentParser
import CommandArguments
import CommandLineKit
import Foundation
import Logging
import ProcessIO
import ProcessSettings
import UnixSignals

/// The acquirer in the outside world: takes charges, voids and refunds over HTTP and keeps a ledger of its own.
///
/// It stands in for a real card processor (its API has the shape of Stripe's payment intents), so it imports nothing
/// of the shop: no event, no log, no service. What it promises the shop is one thing.
///
/// *Guarantee*: an idempotency key is bound to the first of capture, decline, void or refund, durably before the
/// answer leaves, and answers the same from then on; a 5xx or a lost connection binds nothing or is told again.
/// *Why*: the shop learns of a charge only by asking; after a crash all it has is the key.
/// *If broken*: a card is charged twice, or charged for an order that was given up.
struct PaymentGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payment-gateway",
        abstract: "The acquirer outside: takes charges, voids and refunds, and misbehaves on demand.",
        version: StampedeVersion.text)

    @Option(help: "The data directory, else STAMPEDE_DATA names it; the ledger lies in db/payment-gateway below it.")
    var data = UsualDataDirectory().path

    @Option(
        within: 0...65_535, help: "The port to listen on; 0 takes a free one. Default: the setting gateway.port.")
    var port: Int?

    @Option(within: Faults.milliseconds, help: "Milliseconds until a call is answered.")
    var delayMilliseconds = Faults.standard.delayMilliseconds

    @Option(
        within: Faults.milliseconds, help: "The delay varies by up to this many milliseconds in both directions.")
    var jitterMilliseconds = Faults.standard.jitterMilliseconds

    @Option(within: 0.0...1.0, help: "Share of calls answered 500 before anything is decided.")
    var errorRate = 0.0

    @Option(
        within: 0.0...1.0, help: "Share of calls decided durably whose connection is then cut without an answer.")
    var lostAnswerRate = 0.0

    @Option(within: 0.0...1.0, help: "Share of charges on good cards that are declined.")
    var declineRate = 0.0

    @Option(
        within: 0...UInt64.max, help: "Seed of all randomness, so that a run can be repeated. Default: a random one.")
    var seed: UInt64?

    @Option(within: 1...Admission.largestLimit, help: "Calls worked on at a time; more wait.")
    var maxConcurrentCalls = Admission.standardLimit

    @OptionGroup(title: "Settings")
    var settings: SettingsOptions

    var faults: Faults {
        Faults(
            delayMilliseconds: delayMilliseconds, jitterMilliseconds: jitterMilliseconds, errorRate: errorRate,
            lostAnswerRate: lostAnswerRate, declineRate: declineRate, down: false)
    }

    func validate() throws {
        guard !data.isEmpty else { throw ValidationError("--data must name a directory") }
    }

    func run() async throws {
        let data = PlainPath.of(data)
        let told = try settings.settings(dataDirectory: data)
        if let text = try settings.printed(told) { return _ = try StandardOutput.write(text.utf8) }
        let logger = LogLines.logger("payment-gateway")
        let server = try GatewayServer(
            configuration: GatewayConfiguration(
                dataDirectory: data, host: told.gatewayListenAddress, port: port ?? told.gatewayPort,
                faults: faults, seed: seed ?? UInt64.random(in: .min ... .max),
                maxConcurrentCalls: maxConcurrentCalls),
            logger: logger)
        try await server.run(stopSignals: [.sigterm, .sigint])
    }
}

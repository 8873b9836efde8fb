import ArgumentParser
import CommandArguments
import Foundation

/// `flash-sale run`: a sale of shoppers that the seed decides.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Hold a flash sale: every shopper with its own connection, at its own time.")

    @OptionGroup var common: CommonOptions

    @Option(within: 1...5_000_000, help: "Shoppers, each with one order.")
    var shoppers = 50_000

    @Option(from: .zero, help: "The time over which they arrive.")
    var arrival = TimeSpan(nanoseconds: 1_000_000_000)

    @Option(help: "How they arrive: evenly spaced, or at random with the same mean rate.")
    var pattern = Schedule.Pattern.even

    @Option(within: 1...100_000, help: "Products in the catalogue.")
    var products = 100

    @Option(
        parsing: .unconditional,
        help: "Units in stock over all products: \(Stock.bounds), or 'all' for enough. (default: 10000)",
        transform: Stock.read)
    var stock = Stock.units(10_000)

    @Option(within: 0...UInt64.max, help: "Decides prices, baskets, cards and random arrivals.")
    var seed: UInt64 = 42

    @Option(
        within: 1...100, help: "Most lines in an order; each shopper buys 1 to this many products.", valueName: "n")
    var lines = 1

    @Option(within: 0.0...1.0, help: "Share of shoppers whose card is declined.")
    var declineShare = 0.0

    @Option(
        within: 1...Coordinator.maximumWorkers, help: "Worker processes; by default one for every 18,000 shoppers.",
        valueName: "n")
    var workers: Int?

    @Flag(help: ArgumentHelp("Only look whether the arguments are right.", visibility: .hidden))
    var checkArguments = false

    func run() async throws {
        if checkArguments { return }
        try common.checkOutputs()
        let schedule = Schedule(
            shoppers: shoppers, arrivalNanoseconds: arrival.nanoseconds, pattern: pattern, seed: seed)
        let plan = SalePlan(
            run: RunName.make(prefix: "sale", seed: seed), seed: seed, schedule: schedule, products: products,
            maximumLines: lines, declineShare: declineShare)
        let coordinator = Coordinator(
            plan: plan, stock: stock, manners: common.manners, data: common.dataDirectory,
            workers: workers ?? Coordinator.workers(for: shoppers), drainTimeout: common.drainTimeout.duration,
            settings: try ServiceSettings(dataDirectory: common.dataDirectory),
            patienceForServices: common.waitForServices.duration)
        try common.deliver(try await coordinator.run())
    }
}

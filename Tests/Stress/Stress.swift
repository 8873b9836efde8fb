import ArgumentParser
import CommandArguments
import ServiceRuntime

/// `stress`: log and delivery as they are in production, on real files, used by many threads at once, and checked at the end.
///
/// What the simulation cannot find, because a world has one thread. Built with a sanitizer by Scripts/lib/sanitize.
@main
struct Stress: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stress",
        abstract: "Hammer the log and delivery from many threads, and check that nothing was lost or done twice.",
        discussion: "Exit codes: 0 all is well, 1 something that must hold did not, 2 wrong usage.")

    @Option(within: 0...86_400, help: "Begin no new round after so many seconds; at least one is run.")
    var seconds = 10

    @Option(
        within: 0...UInt64.max,
        help: "Where the sizes of appends and reads come from; when threads are run is not in it.")
    var seed: UInt64 = .random(in: 0...999_999)

    @Option(within: 5_000...1_000_000, help: "Events a topic in a round of the log, of which there are three.")
    var events: UInt64 = 6_000

    @Option(within: 150...1_000_000, help: "Orders in a round of delivery.")
    var orders = 600

    @Option(help: "Make a mistake instead, for a sanitizer to find.")
    var plant: Plant?

    func run() async throws {
        if let plant { return plant.make() }
        PrometheusRegistry.bootstrap()
        print("seed \(seed)")
        let rounds = Rounds(end: .now + .seconds(seconds), seed: seed, events: events, orders: orders)
        async let log: Void = rounds.log()
        async let delivery: Void = rounds.delivery()
        _ = await (log, delivery)
        for text in rounds.findings.all.prefix(20) { print("FAIL  \(text)") }
        if !rounds.findings.isEmpty { throw ExitCode(1) }
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }
}

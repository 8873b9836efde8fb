import ArgumentParser
import CommandArguments
import CommandLineKit
import Contracts
import Foundation
import ProcessIO
import Simulation

/// `simulate --seed N`: the whole shop in one process, and everything goes wrong.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the whole shop under a seeded scheduler, break everything, and audit what is left.",
        discussion: """
            The same seed gives the same run, down to the trace hash. A seed that fails prints itself, the shortest list \
            of faults with which it still fails, and the story of the order concerned.
            Exit codes: 0 all is well, 1 something that must hold did not, 2 wrong usage.
            """,
        version: StampedeVersion.text)

    private static let usualSeconds = Int(WorldOptions.usualSpan.components.seconds)

    @Option(within: 0...UInt64.max, help: "The one seed to run.")
    var seed: UInt64?

    @Option(help: "A range of seeds to run, such as 1..2000: \(SeedRange.bounds).", transform: SeedRange.read)
    var seeds: SeedRange?

    @Option(within: 0...100_000, help: "Orders that customers want to place.")
    var orders = WorldOptions.usualOrders

    @Option(name: .customLong("until"), within: 1...86_400, help: "Virtual seconds in which things go wrong.")
    var seconds = Self.usualSeconds

    @Option(help: "Kinds of faults to draw from, with commas between them; 'none' for none.")
    var faults: FaultKinds = FaultKinds(kinds: Set(FaultKind.allCases))

    @Option(help: "A deliberate mistake, to see it found.")
    var plant: PlantedMistake?

    @Option(within: 1...64, help: "Processes that share a range.")
    var jobs = 1

    @Flag(help: "Print one JSON object a seed.")
    var json = false

    @Flag(help: "Print what happened, line by line.")
    var story = false

    func validate() throws {
        guard (seed == nil) != (seeds == nil) else { throw ValidationError("give either --seed or --seeds") }
    }

    func run() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let signals = StopSignals { scratch.remove() }
        let runner = Runner(
            simulation: Simulation(judge: AuditJudge(), scratch: scratch.path), orders: orders,
            span: .seconds(seconds), kinds: faults.kinds, planted: plant, isJSON: json,
            unusual: unusualArguments)
        let isWell: Bool
        if let seed {
            isWell = try runner.run(seed, withStory: story)
        } else if let seeds, jobs > 1 {
            isWell = try Fleet(
                seeds: seeds, jobs: jobs, kinds: faults.kinds, arguments: unusualArguments + ["--json"], isJSON: json
            )
            .run(signals)
        } else {
            isWell = try runner.run(seeds?.range ?? 1...1)
        }
        if !isWell { throw ExitCode(1) }
    }

    /// What makes a seed another run than without.
    private var unusualArguments: [String] {
        (orders == WorldOptions.usualOrders ? [] : ["--orders", "\(orders)"])
            + (seconds == Self.usualSeconds ? [] : ["--until", "\(seconds)"])
            + (faults.isAll ? [] : ["--faults", faults.text])
            + (plant.map { ["--plant", $0.rawValue] } ?? [])
    }

    static func main() {
        ProcessStart.prepare()
        DeterministicHashing.require()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let isHelp = exitCode(for: error) == .success
            let message = UsageMistake(of: Self.self).message(fullMessage(for: error))
            if !isHelp {
                StandardError.line(message)
            } else if (try? StandardOutput.line(message)) == nil {
                StandardError.line("simulate: cannot write \(StandardOutput.name)")
                Foundation.exit(1)
            }
            let isUsage = String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
            Foundation.exit(isHelp ? 0 : isUsage ? 2 : 1)
        }
    }
}

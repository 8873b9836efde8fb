import ArgumentParser
import CommandArguments

/// Fills the data directory of a run with many confirmed orders, to look for one among them.
@main
struct CrowdProgram: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crowd",
        abstract: "Fill a run, whose programs were started once and stopped, with confirmed orders.")

    @Option(help: "The data directory.")
    var data: String

    @Option(within: 1...100_000_000, help: "How many.")
    var orders: Int

    @Option(within: (64 << 10)...(1 << 30), help: "Bytes of a log segment.")
    var segmentBytes: UInt64 = 16 << 20

    func run() throws {
        try Crowd(data, orders: orders, segmentBytes: segmentBytes).fill()
    }

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }
}

import Foundation
import Glibc

/// Measures the event log in a directory; prints a line `RESULT<tab>scenario<tab>metric<tab>value` for each figure.
@main
enum LogBench {
    static func main() async {
        let invocation: Invocation
        do {
            invocation = try Invocation(Array(CommandLine.arguments.dropFirst()))
        } catch {
            complain("\(error); \(Invocation.usage)")
            exit(2)
        }
        do {
            Clock.sleepPrecisely()
            try await run(invocation)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func run(_ invocation: Invocation) async throws {
        switch invocation.scenario {
        case .append: try Append.run(invocation)
        case .append4: try AppendByFour.run(invocation)
        case .read: try ReadBack.run(invocation)
        case .latency: try Latency.run(invocation)
        case .all:
            try Append.run(invocation)
            try AppendByFour.run(invocation)
            try ReadBack.run(invocation)
            try Latency.run(invocation)
        case .batch(let size): try Batches.run(invocation, size: size)
        case .tail: try Tail.run(invocation)
        case .recover: try Recover.run(invocation)
        case .verify: try Verify.run(invocation)
        case .hash(let size): HashCost.run(size: size)
        case .worker(let worker): try await worker.run(invocation)
        }
    }

    private static func complain(_ text: String) {
        FileHandle.standardError.write(Data("log-bench: \(text)\n".utf8))
    }
}

import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// One process's share of a sale, started by `run` and told what to do on standard input.
///
/// - Guarantee: a worker never outlives its coordinator: its standard input ends with that process, however it died,
///   and a worker whose input ends exits at once.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "One process's share of a sale.", shouldDisplay: false)

    func run() async throws {
        var orders = Self.orders().makeAsyncIterator()
        guard case .prepare(let assignment)? = try await orders.next() else {
            throw WorkerError(description: "a worker is started by 'flash-sale run', not by hand")
        }
        OpenFileLimit.raise()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let worker = try await loop.submit {
            NIOLoopBound(
                try Worker(
                    plan: assignment.plan,
                    visits: SaleVisits(
                        plan: assignment.sale, worker: assignment.worker, of: assignment.workers,
                        port: assignment.plan.port),
                    journal: Journal(path: assignment.journalPath, loop: loop),
                    seed: assignment.sale.seed &+ UInt64(assignment.worker), loop: loop,
                    onProgress: { Self.say(.progress($0)) }),
                eventLoop: loop)
        }.get()
        Self.say(.ready)
        guard case .start(let instant)? = try await orders.next() else { return }
        var result = try await loop.flatSubmit { worker.value.run(startingAt: instant) }.get()
        result.cpuSeconds = ProcessorTime.ofThisProcess()
        Self.say(.done(result))
        try await group.shutdownGracefully()
    }

    private static func say(_ report: WorkerReport) {
        // A report that cannot be encoded or written has nobody to read it: the coordinator is gone, and so are we soon.
        guard let line = try? LineCoding.line(report) else { return }
        try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
    }

    /// The lines of standard input, read by a thread of its own, which ends the process with the input.
    private static func orders() -> AsyncThrowingStream<WorkerOrder, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: WorkerOrder.self)
        Thread.detachNewThread {
            while let line = readLine() {
                do {
                    continuation.yield(try LineCoding.message(line))
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            _exit(1)
        }
        return stream
    }
}

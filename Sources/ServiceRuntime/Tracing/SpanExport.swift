import Contracts
import Delivery
import EventLog
import Foundation
package import Logging
import Metrics
import ServiceLifecycle

/// Where spans go: a request of OTLP/JSON at a time.
package protocol SpanDestination: Sendable {
    var name: String { get }
    /// - Throws: where it was not taken.
    func send(_ request: [UInt8]) async throws
}

/// Takes spans from a queue to a destination, a batch at a time, on a thread of its own.
///
/// What the destination does not take is dropped and counted: spans are for looking, and no order waits for them.
package struct SpanExport: Service, CustomStringConvertible {
    package struct Limits: Sendable {
        /// Spans a request.
        package var batch = 512
        /// How long spans are gathered.
        package var interval = Duration.seconds(1)
        /// How long what is left is sent at the end.
        package var farewell = Duration.seconds(1)

        package init() {}
    }

    private let queue: SpanQueue
    private let destination: any SpanDestination
    private let resource: OTLPResource
    private let limits: Limits
    private let logger: Logger
    private let executor: ThreadExecutor
    /// Rung when the process stops.
    private let stop = Doorbell()

    package init(
        _ queue: SpanQueue, to destination: any SpanDestination, of resource: OTLPResource,
        limits: Limits = Limits(), logger: Logger
    ) {
        self.queue = queue
        self.destination = destination
        self.resource = resource
        self.limits = limits
        self.logger = logger
        executor = ThreadExecutor(name: "traces")
    }

    package var description: String { "traces to \(destination.name)" }

    /// Until told to stop; then what is left is sent, as far as the time goes.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: executor) { await export() }
                group.addTask {
                    await stop.wait()
                    try? await Task.sleep(for: limits.farewell)  // cut short when all is sent
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            queue.close()
            stop.ring()
        }
    }

    private func export() async {
        var isDown = false
        while !Task.isCancelled {
            await queue.bell.wait()
            // Gathered for a while, so that a sale makes few requests; a stop does not wait for it.
            if !queue.isClosed {
                await queue.bell.wait(until: SystemClock().monotonic() + limits.interval, SystemClock())
            }
            let isLast = queue.isClosed
            isDown = await sendAll(wasDown: isDown)
            if isLast { return }
        }
    }

    /// - Returns: whether the destination did not take them.
    private func sendAll(wasDown: Bool) async -> Bool {
        var isDown = wasDown
        while queue.count > 0, !Task.isCancelled {
            let spans = queue.take(limits.batch)
            do {
                try await destination.send(OTLPText.request(spans, of: resource))
                RuntimeMetrics.spansExported(destination: destination.name).increment(by: spans.count)
                if isDown { logger.notice("traces are taken again", metadata: ["destination": "\(destination.name)"]) }
                isDown = false
            } catch {
                RuntimeMetrics.spansDropped(destination: destination.name, because: "not taken")
                    .increment(by: spans.count)
                if !isDown {
                    logger.warning(
                        "traces are dropped: nobody takes them",
                        metadata: ["destination": "\(destination.name)", "error": "\(error)"])
                }
                isDown = true
            }
        }
        return isDown
    }
}

package import Contracts
package import Delivery
package import EventLog
import FileEventLog
import Foundation
import GRDB
package import Logging
import ProcessIO
package import ProcessSettings
package import ServiceLifecycle
import UnixSignals

/// One running service: its lock, database, log and threads.
package final class ServiceProcess: Sendable {
    package let settings: Settings
    package let node: ServiceNode
    package let randomness: any Randomness = SystemRandomness()
    package let clock: any ServiceClock
    package let logger: Logger
    /// Commands, consumer and answers: whatever writes to the database.
    package let databaseThread = ThreadExecutor(name: "database")
    package let log: any EventLog
    /// For the consumer: what the last process died of.
    package let deathWatch: any DeathWatch
    /// What operators ask for; the consumer carries it out.
    package let operators: OperatorQueue
    /// Nil where no spans are recorded.
    package let traces: ProcessTraces?
    private let lock: any DirectoryLock
    private let consumerBell = Doorbell()
    /// Fatal faults that were met outside of the loops.
    private let faults = AsyncStream<any Error>.makeStream()

    /// Takes the service's lock and opens its database.
    ///
    /// - Parameter collector: makes the way to a collector of traces; nil where none can be reached.
    /// - Throws: `AlreadyRunning`, `DurabilityError`, `DiskError`, `FileFault`, `DatabaseError`.
    package init(
        _ card: ServiceCard, settings: Settings, collector: ((CollectorAddress) -> any SpanDestination)? = nil
    ) throws {
        self.settings = settings
        operators = OperatorQueue(bell: consumerBell)
        clock = SystemClock()
        logger = Logger(label: card.name.rawValue)
        traces = ProcessTraces(card.name, settings: settings, collector: collector, logger: logger)

        let layout = DataLayout(settings.dataDirectory)
        let disk = PosixDisk()
        let directory = layout.databaseDirectory(of: card.name)
        try disk.createDirectory(directory)
        lock = try Self.lock(directory, of: card.name, disk)
        log = Self.log(settings)
        deathWatch = try TrapWatch(
            path: layout.trapPage(of: card.name), process: "\(card.name.rawValue)-service", startsAgain: true)
        try disk.writeAgain(ServiceDatabase.writeAheadLog(of: layout.database(of: card.name)))
        let database = try ServiceDatabase(path: layout.database(of: card.name))
        node = try ServiceNode(
            card: card, database: database, clock: clock, logger: logger, tracer: traces?.tracer)
        if let faults = card.testFaults {
            logger.warning(
                "test faults are on: this service fails on purpose",
                metadata: ["rules": "\(faults.rules.count)", "delivery": "\(faults.delivery)"])
        }
    }

    /// Whether the service fails on purpose, and takes events from the operator.
    package var testFaults: Bool { node.card.testFaults != nil }

    /// A reader of the evidence may hold the lock for the moment of its copy; a second service holds it for good.
    private static func lock(
        _ directory: String, of service: ServiceName, _ disk: PosixDisk
    ) throws -> any DirectoryLock {
        var attempt = 0
        while true {
            attempt += 1
            do {
                return try disk.lockDirectory(directory)
            } catch {
                // Whatever else is in the way is no other service.
                guard error.errno == EWOULDBLOCK else { throw error }
                guard attempt < lockAttempts else {
                    throw AlreadyRunning(service: service, directory: directory, pid: error.holder)
                }
            }
            Thread.sleep(forTimeInterval: lockInterval)
        }
    }

    private static let lockAttempts = 21
    /// In seconds.
    private static let lockInterval = 0.1

    /// The shared log that the settings choose: the one place that knows which.
    ///
    /// - Parameter whole: with the archive, for a rebuild.
    package static func log(_ settings: Settings, whole: Bool = false) -> any EventLog {
        let clock = SystemClock()
        let randomness = SystemRandomness()
        let layout = DataLayout(settings.dataDirectory)
        return FileEventLog(
            directory: layout.log, archive: whole ? layout.archive : nil,
            options: FileEventLog.Options(segmentBytes: UInt64(settings.segmentBytes)),
            now: { clock.now() },
            randomBytes: { count in (0..<count).map { _ in UInt8(truncatingIfNeeded: randomness.next()) } })
    }

    /// Ends the process when what it works in is not there any more.
    private func dataWatch() -> Loop {
        let layout = DataLayout(settings.dataDirectory)
        let database = layout.database(of: node.card.name)
        let topics = ServiceName.allCases.flatMap { [$0.topic, $0.deadLetterTopic] }
        let watch = FileWatch(
            required: [layout.root, layout.databaseDirectory(of: node.card.name), database, database + "-wal"],
            optional: [database + "-shm", layout.log]
                + topics.flatMap { [layout.log + "/" + $0.name, layout.log + "/" + $0.name + "/commit"] })
        return Loop("data watch", on: ThreadExecutor(name: "data watch")) {
            var watch = watch
            while true {
                try watch.look()
                try await Task.sleep(for: FileWatch.interval)
            }
        }
    }

    private func consumerLimits() -> Consumer.Limits {
        var limits = Consumer.Limits()
        limits.parkedEvents = settings.parkingLimit
        limits.inboxWindow = .seconds(3600 * settings.inboxWindowHours)
        limits.disorder = node.card.testFaults?.delivery ?? DeliveryDisorder()
        return limits
    }

    /// None where the rate is 0.
    private func scrubbing() -> [Loop] {
        let bytesPerSecond = settings.scrubBytesPerSecond
        guard bytesPerSecond > 0 else { return [] }
        let scrubbing = LogScrubbing(
            topics: [node.card.name.topic, node.card.name.deadLetterTopic],
            directory: DataLayout(settings.dataDirectory).log, bytesPerSecond: bytesPerSecond,
            interval: .seconds(settings.scrubIntervalSeconds), logger: logger)
        return [Loop("log scrub", on: ThreadExecutor(name: "scrub")) { try await scrubbing.run() }]
    }

    /// Ends the process if what was thrown is fatal; for whoever writes to the database outside of a loop.
    package func note(_ error: any Error) {
        if case .fatal = Fault.classify(error) { faults.continuation.yield(error) }
    }

    /// Runs the service until it is told to stop or cannot go on.
    ///
    /// - Parameters:
    ///   - parts: what the service runs besides its core.
    ///   - servers: started last, stopped first.
    package func run(parts: [ServicePart], servers: [any Service]) async throws {
        var options = ServiceCore.Options()
        options.limits = consumerLimits()
        options.outboxAlert = .seconds(settings.outboxAlertSeconds)
        let core = try ServiceCore(
            node: node, log: log, randomness: randomness, options: options, deathWatch: deathWatch,
            operators: operators, bell: consumerBell)
        defer { core.close() }
        let relayThread = ThreadExecutor(name: "relay")
        let loops = (core.parts + parts).map { part in
            switch part.thread {
            case .database: Loop(part.name, on: databaseThread, part.run)
            case .relay: Loop(part.name, on: relayThread, part.run)
            case .own: Loop(part.name, on: ThreadExecutor(name: part.name), part.run)
            }
        }
        let faultLoop = Loop("faults", on: databaseThread) { [faults] in
            for await fault in faults.stream { throw fault }
        }
        let stop = StopLimit(
            .seconds(settings.stopSeconds), logger: logger, onStop: { TrapWatch.stopBegins() })
        let services: [any Service] = loops + [faultLoop, dataWatch()] + scrubbing()
        // Begun first, so that it ends last, with the spans of all others.
        let exports = traces?.exports ?? []
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: stop.watched(exports + services, servers: servers),
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        PrometheusRegistry.shared.add(ServiceMeasures(process: self))
        logger.info("running", metadata: ["data": "\(settings.dataDirectory)"])
        try await group.run()
        try stop.watch("database") { try node.database.close() }
        lock.release()
        logger.info("stopped")
    }
}

/// Another process runs this service on this data directory.
package struct AlreadyRunning: Error, CustomStringConvertible {
    package let service: ServiceName
    package let directory: String
    package let pid: Int32?

    package var description: String {
        "\(service.rawValue)-service runs already on \(directory)" + (pid.map { " (process \($0))" } ?? "")
            + "; stop it first, or choose another --data directory"
    }
}

/// A part of a service that runs until the service stops: on a thread of its choice, cancelled by a graceful stop.
private struct Loop: Service, CustomStringConvertible {
    private let name: String
    private let executor: ThreadExecutor
    private let body: @Sendable () async throws -> Void

    init(_ name: String, on executor: ThreadExecutor, _ body: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.executor = executor
        self.body = body
    }

    var description: String { name }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withTaskExecutorPreference(executor) {
                do {
                    try await body()
                } catch is CancellationError {
                    // the stop that was asked for
                }
            }
        }
    }
}

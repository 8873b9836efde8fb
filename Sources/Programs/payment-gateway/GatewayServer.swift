import Foundation
import GRDB
import HTTPServing
import Logging
import NIOCore
import ProcessIO
import ServiceLifecycle
import UnixSignals

/// How a gateway is run.
struct GatewayConfiguration: Sendable {
    var dataDirectory: String
    var host = HTTPServer.loopback
    /// 0 takes a free one.
    var port: Int
    var faults = Faults.standard
    var seed: UInt64 = 0
    var maxConcurrentCalls = Admission.standardLimit
}

/// The gateway put together: directory, ledger, HTTP.
struct GatewayServer: Sendable {
    let configuration: GatewayConfiguration
    let directory: DataDirectory
    let writer: LedgerWriter
    let injector: FaultInjector
    let counters = Counters()
    let logger: Logger

    /// Takes the directory and opens the ledger; refuses what is held by another process or would not be durable.
    init(configuration: GatewayConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        directory = try DataDirectory(dataDirectory: configuration.dataDirectory)
        try FormerWrites.makeDurable(directory.writeAheadLogPath)
        let database = try LedgerDatabase.open(path: directory.databasePath)
        try directory.syncNames()
        writer = LedgerWriter(
            ledger: Ledger(clock: Self.microseconds, ids: GatewayIds(seed: UInt64.random(in: .min ... .max))),
            database: database, counters: counters
        ) { failure in
            logger.critical("\(failure)")
            _exit(failure.exitCode)
        }
        injector = FaultInjector(faults: configuration.faults, seed: configuration.seed)
    }

    /// Serves until a stop signal; calls under way are finished and answered first.
    func run(stopSignals: [UnixSignal]) async throws {
        let group = serviceGroup(stopSignals: stopSignals) { [logger, directory, host = configuration.host] port in
            logger.notice("listening on http://\(host):\(port), ledger in \(directory.path)")
        }
        try await group.run()
        try close()
        logger.notice("stopped")
    }

    /// Closes the ledger and lets the directory go, in this order. After the last call only.
    func close() throws {
        try writer.close()
        directory.release()
    }

    func serviceGroup(
        stopSignals: [UnixSignal] = [], onListening: @escaping @Sendable (_ port: Int) -> Void
    ) -> ServiceGroup {
        let responder = GatewayResponder(
            writer: writer, injector: injector, admission: Admission(limit: configuration.maxConcurrentCalls),
            counters: counters, dataDirectory: configuration.dataDirectory, logger: logger)
        var limits = HTTPServer.Limits(connections: HTTPLimits.connections, bodyBytes: HTTPLimits.bodyBytes)
        limits.idle = .seconds(HTTPLimits.idleSeconds)
        let server = HTTPServer(
            host: configuration.host, port: configuration.port, limits: limits,
            logger: logger, refuse: { GatewayResponder.refused(Refusal($0)) }, onListening: onListening
        ) { request, channel in
            await responder.respond(to: request, channel)
        }
        var settings = ServiceGroupConfiguration(
            services: [server, dataWatch], gracefulShutdownSignals: stopSignals, logger: logger)
        settings.maximumGracefulShutdownDuration = .seconds(HTTPLimits.stopSeconds)
        return ServiceGroup(configuration: settings)
    }

    private var dataWatch: DataWatch {
        let files = [configuration.dataDirectory, directory.path, directory.databasePath, directory.writeAheadLogPath]
        return DataWatch(watch: FileWatch(required: files, optional: [directory.databasePath + "-shm"]))
    }

    private static let microseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// Ends the gateway when what it works in is not there any more.
private struct DataWatch: Service {
    let watch: FileWatch

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var watch = watch
            do {
                while true {
                    try watch.look()
                    try await Task.sleep(for: FileWatch.interval)
                }
            } catch is CancellationError {
                // the stop that was asked for
            }
        }
    }
}

package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle

/// Answers requests over HTTP/1.1, on an event loop of its own; on loopback unless told otherwise.
package struct HTTPServer: Service, CustomStringConvertible {
    /// Answers a request that was read whole; nil cuts the connection without an answer.
    ///
    /// Runs on the connection's event loop: whatever blocks belongs elsewhere.
    package typealias Respond = @Sendable (_ request: Request, _ channel: any Channel) async -> Response?

    /// What a request is told that nobody is asked about.
    package typealias Refuse = @Sendable (HTTPRefusal) -> Response

    /// Connections waiting to be accepted: what Linux allows by default (net.core.somaxconn).
    private static let backlog = 4096
    /// Connections accepted before the loop turns to those it has. Why so many: a crowd that comes faster than it is let
    /// in overflows the backlog, and then comes back at TCP's pace, seconds apart, while the shop stands idle.
    private static let acceptBurst = 64

    private let host: String
    private let port: Int
    private let limits: Limits
    private let logger: Logger
    private let hosts: HostPolicy
    private let refuse: Refuse
    private let onListening: @Sendable (_ port: Int) -> Void
    private let respond: Respond

    /// Where nobody but this machine can connect.
    package static let loopback = "127.0.0.1"

    /// - Parameters:
    ///   - host: an address of this machine; `0.0.0.0` for all of them.
    ///   - port: 0 takes a free one.
    ///   - hosts: the names it answers to.
    package init(
        host: String = loopback, port: Int, limits: Limits, hosts: HostPolicy = HostPolicy(), logger: Logger,
        refuse: @escaping Refuse,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }, respond: @escaping Respond
    ) {
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.hosts = hosts
        self.refuse = refuse
        self.onListening = onListening
        self.respond = respond
    }

    package var description: String { "HTTP server on \(host):\(port)" }

    package func run() async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = EventLoopExecutor(eventLoops.next())
        let tasks = RequestTasks(on: eventLoops.next(), executor)
        let watch = ConnectionWatch(limits, on: eventLoops.next())
        let server = server(eventLoops, tasks, watch)
        let outcome = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.stop(server) }
            let outcome = await Self.outcome(of: server, on: executor)
            try await watch.end()
            try await tasks.end()
            group.cancelAll()
            try await group.waitForAll()
            return outcome
        }
        try await eventLoops.shutdownGracefully()
        do {
            try outcome.get()
        } catch is Server<ConnectionSetup>.Error {
            // it was told to stop before it began
        }
    }

    /// Detached, so that Hummingbird's server hears of no graceful stop.
    ///
    /// *Why*: it would answer with a task that nobody waits for, and which comes back to an event loop that is gone.
    private static func outcome(of server: Server<ConnectionSetup>, on executor: EventLoopExecutor) async
        -> Result<Void, any Error>
    {
        let running = Task.detached(executorPreference: executor) { try await server.run() }
        return await withTaskCancellationHandler {
            await running.result
        } onCancel: {
            running.cancel()
        }
    }

    /// At a graceful stop; cancelled where the server has ended by itself.
    private static func stop(_ server: Server<ConnectionSetup>) async {
        guard (try? await gracefulShutdown()) != nil else { return }
        // An error says that it has ended already.
        try? await server.shutdownGracefully()
    }

    private func server(_ eventLoops: any EventLoopGroup, _ tasks: RequestTasks, _ watch: ConnectionWatch)
        -> Server<ConnectionSetup>
    {
        let burst = max(1, min(Self.acceptBurst, limits.connections / 8))
        return Server(
            childChannelSetup: ConnectionSetup(
                respond: respond, refuse: refuse, limits: limits, hosts: hosts, tasks: tasks,
                watch: watch, room: BodyRoom(bytes: limits.bufferedBytes)),
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: Self.backlog,
                // Asked before a burst, not before each connection of it.
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections - burst + 1)),
            onServerRunning: { channel in
                // An error says that the server is closed already.
                try? await channel.setOption(.maxMessagesPerRead, value: UInt(burst)).get()
                onListening(channel.localAddress?.port ?? port)
            },
            eventLoopGroup: eventLoops, logger: quiet)
    }

    /// Hummingbird's own notes of start and stop are of no use to a reader of the service's log.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = .warning
        return logger
    }
}

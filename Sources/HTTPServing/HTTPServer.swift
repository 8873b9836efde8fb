package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle

/// Answers requests over HTTP/1.1 on loopback, on an event loop of its own.
package struct HTTPServer: Service, CustomStringConvertible {
    /// Answers a request that was read whole; nil cuts the connection without an answer.
    ///
    /// Runs on the connection's event loop: whatever blocks belongs elsewhere.
    package typealias Respond = @Sendable (_ request: Request, _ channel: any Channel) async -> Response?

    package struct Limits: Sendable {
        /// Connections at a time; more wait in the backlog.
        package var connections: Int
        package var bodyBytes: Int

        package init(connections: Int, bodyBytes: Int) {
            self.connections = connections
            self.bodyBytes = bodyBytes
        }
    }

    /// Connections waiting to be accepted: what Linux allows by default (net.core.somaxconn).
    private static let backlog = 4096
    /// Connections accepted before the loop turns to those it has. Why so many: a crowd that comes faster than it is let
    /// in overflows the backlog, and then comes back at TCP's pace, seconds apart, while the shop stands idle.
    private static let acceptBurst = 64

    private let port: Int
    private let limits: Limits
    private let logger: Logger
    private let bodyTooLarge: @Sendable () -> Response
    private let onListening: @Sendable (_ port: Int) -> Void
    private let respond: Respond

    /// - Parameters:
    ///   - port: of 127.0.0.1; 0 takes a free one.
    ///   - bodyTooLarge: what a request with a larger body is told, before the body is read.
    package init(
        port: Int, limits: Limits, logger: Logger, bodyTooLarge: @escaping @Sendable () -> Response,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }, respond: @escaping Respond
    ) {
        self.port = port
        self.limits = limits
        self.logger = logger
        self.bodyTooLarge = bodyTooLarge
        self.onListening = onListening
        self.respond = respond
    }

    package var description: String { "HTTP server on port \(port)" }

    package func run() async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = EventLoopExecutor(eventLoops.next())
        var failure: (any Error)?
        await withTaskExecutorPreference(executor) {
            do {
                try await server(eventLoops, executor).run()
            } catch {
                failure = error
            }
        }
        try await eventLoops.shutdownGracefully()
        if let failure { throw failure }
    }

    private func server(_ eventLoops: any EventLoopGroup, _ executor: EventLoopExecutor) -> any Service {
        let burst = max(1, min(Self.acceptBurst, limits.connections / 8))
        return ConnectionSetup(
            respond: respond, bodyTooLarge: bodyTooLarge, bodyBytes: limits.bodyBytes, executor: executor
        ).server(
            configuration: ServerConfiguration(
                address: .hostname("127.0.0.1", port: port), backlog: Self.backlog,
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

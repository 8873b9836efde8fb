package import Hummingbird
package import Logging
package import NIOCore
package import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// Answers requests over HTTP/1.1, on an event loop of its own; on loopback unless told otherwise.
package struct HTTPServer: Service, CustomStringConvertible {
    /// Answers a request that was read whole; nil cuts the connection without an answer.
    ///
    /// Runs on the connection's event loop: whatever blocks belongs elsewhere.
    package typealias Respond = @Sendable (_ request: Request, _ channel: any Channel) async -> Response?

    /// Takes a request that was read whole, and answers it with `reply`, now or later; false leaves it to `Respond`.
    ///
    /// Runs on the connection's event loop.
    package typealias RespondDirectly =
        @Sendable (
            _ head: HTTPRequestHead, _ body: ByteBuffer, _ reply: DirectReply
        ) -> Bool

    /// What a request is told that nobody is asked about.
    package typealias Refuse = @Sendable (HTTPRefusal) -> Response

    /// Connections accepted on one socket before the loop turns to others.
    private static let acceptBurst = 64

    private let host: String
    private let port: Int
    private let limits: Limits
    private let logger: Logger
    private let hosts: HostPolicy
    private let refuse: Refuse
    private let onListening: @Sendable (_ port: Int) -> Void
    private let respondDirectly: RespondDirectly?
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
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }, respondDirectly: RespondDirectly? = nil,
        respond: @escaping Respond
    ) {
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.hosts = hosts
        self.refuse = refuse
        self.onListening = onListening
        self.respondDirectly = respondDirectly
        self.respond = respond
    }

    package var description: String { "HTTP server on \(host):\(port)" }

    package func run() async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await serve(on: eventLoops.next()))
        } catch {
            outcome = .failure(error)
        }
        try await eventLoops.shutdownGracefully()
        try outcome.get()
    }

    private func serve(on eventLoop: any EventLoop) async throws {
        let tasks = RequestTasks(on: eventLoop, EventLoopExecutor(eventLoop))
        let burst = max(1, min(Self.acceptBurst, limits.connections / 8))
        // It is asked before a burst, not before each connection of it.
        let room = AcceptRoom(limit: limits.connections - burst + 1)
        let watch = ConnectionWatch(limits, room, on: eventLoop)
        let listeners = try await Listeners.open(
            host: host, port: port, count: limits.listeners, burst: burst, on: eventLoop, room: room,
            setup: ConnectionSetup(
                respond: respond, respondDirectly: respondDirectly, refuse: refuse, limits: limits, hosts: hosts,
                tasks: tasks, watch: watch,
                room: BodyRoom(bytes: limits.bufferedBytes)))
        onListening(listeners.port)
        // An error says that it is cancelled; then `end` closes what is open.
        try? await gracefulShutdown()
        await listeners.close()
        try await watch.end()
        try await tasks.end()
    }
}

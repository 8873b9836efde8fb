import Contracts
import Delivery
import HTTPServing
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Tracing

/// An HTTP/1.1 client for one host: keep-alive connections, one request at a time on each, no retry of its own.
///
/// Why our own hundred lines: see docs/decisions/0004-gateway-client.md. It must never send a request twice by itself:
/// whether to ask again is a decision about money.
final class PooledHTTPClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }

    /// Longest answer taken, in bytes.
    static let maximumAnswerBytes = 64 * 1024

    private struct Pool {
        var idle: [Connection] = []
        var open = 0
        var waiting: [EventLoopPromise<Connection?>] = []
    }

    private struct Connection: Sendable {
        let channel: any Channel
        let exchange: NIOLoopBound<ExchangeHandler>
    }

    private let host: String
    private let port: Int
    private let timeout: TimeAmount
    private let eventLoop: any EventLoop
    /// The event loop that all connections are on: a call that runs there changes no thread.
    let executor: EventLoopExecutor
    private let maximumConnections: Int
    private let pool = Mutex(Pool())

    init(host: String, port: Int, connections: Int, timeout: Duration) {
        self.host = host
        self.port = port
        self.timeout = .nanoseconds(
            timeout.components.seconds * 1_000_000_000 + timeout.components.attoseconds / 1_000_000_000)
        maximumConnections = connections
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        executor = EventLoopExecutor(eventLoop)
    }

    /// - Throws: where no whole answer came in time, or the task was cancelled; the server may have acted all the same.
    func post(_ path: String, idempotencyKey: String?, body: [UInt8]) async throws -> Answer {
        var headers: HTTPHeaders = [
            "host": "\(host):\(port)", "content-type": "application/json", "content-length": String(body.count),
        ]
        if let place = InstrumentationContext.current?.place {
            headers.add(name: "traceparent", value: place.description)
        }
        if let idempotencyKey { headers.add(name: "idempotency-key", value: idempotencyKey) }
        return try await exchange(
            HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: headers), body)
    }

    /// - Throws: as `post`; asking again does no harm.
    func get(_ path: String) async throws -> Answer {
        try await exchange(
            HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: ["host": "\(host):\(port)"]), [])
    }

    private func exchange(_ head: HTTPRequestHead, _ body: [UInt8]) async throws -> Answer {
        let connection = try await checkOut()
        do {
            let answer = try await withTaskCancellationHandler {
                try await eventLoop.flatSubmit { [eventLoop, timeout] in
                    connection.exchange.value.send(head, body, timeout: timeout, on: eventLoop)
                }.get()
            } onCancel: {
                connection.channel.close(promise: nil)
            }
            checkIn(connection)
            return answer
        } catch {
            discard(connection)
            throw error
        }
    }

    // MARK: - Connections

    /// Connections that are open or being opened, and calls that wait for one.
    var usage: (open: Int, waiting: Int) { pool.withLock { ($0.open, $0.waiting.count) } }

    private func checkOut() async throws -> Connection {
        try Task.checkCancellation()
        enum Choice {
            case ready(Connection)
            case connect
            case wait(EventLoopFuture<Connection?>)
        }
        let choice = pool.withLock { pool -> Choice in
            while let connection = pool.idle.popLast() {
                if connection.channel.isActive { return .ready(connection) }
                pool.open -= 1
            }
            if pool.open < maximumConnections {
                pool.open += 1
                return .connect
            }
            let promise = eventLoop.makePromise(of: Connection?.self)
            pool.waiting.append(promise)
            return .wait(promise.futureResult)
        }
        switch choice {
        case .ready(let connection): return connection
        case .connect: return try await connect()
        case .wait(let future):
            let passedOn = try await future.get()
            if Task.isCancelled {
                passOn(passedOn)
                throw CancellationError()
            }
            // Nil: a connection was lost, and with it the right to open one came here.
            return if let passedOn { passedOn } else { try await connect() }
        }
    }

    /// - Throws: `Unreachable`: no connection, so nothing was sent.
    private func connect() async throws -> Connection {
        do {
            let bootstrap = ClientBootstrap(group: eventLoop)
                .connectTimeout(timeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                    }
                }
            let address = try? SocketAddress(ipAddress: host, port: port)
            return try await (address.map(bootstrap.connect(to:)) ?? bootstrap.connect(host: host, port: port))
                .flatMapThrowing { channel in
                    let handler = try channel.pipeline.syncOperations.handler(type: ExchangeHandler.self)
                    return Connection(channel: channel, exchange: NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
                .get()
        } catch {
            passOn(nil)
            throw Unreachable(reason: "no connection to \(host):\(port): \(error)")
        }
    }

    private func checkIn(_ connection: Connection) {
        guard connection.channel.isActive else { return discard(connection) }
        passOn(connection)
    }

    private func discard(_ connection: Connection) {
        connection.channel.close(promise: nil)
        passOn(nil)
    }

    /// To whoever waits longest, or back to the pool; nil passes on the right to open another.
    private func passOn(_ connection: Connection?) {
        let waiter = pool.withLock { pool -> EventLoopPromise<Connection?>? in
            if !pool.waiting.isEmpty { return pool.waiting.removeFirst() }
            if let connection { pool.idle.append(connection) } else { pool.open -= 1 }
            return nil
        }
        waiter?.succeed(connection)
    }
}

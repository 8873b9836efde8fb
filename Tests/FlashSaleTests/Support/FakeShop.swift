import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A shop of a few lines that does what a test tells it, on a real HTTP server.
final class FakeShop: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var key: String?
        var authorization: String?
        var body: String
        /// How often this key was seen before.
        var repetition: Int
        var closes: Bool
    }

    enum Reply: Sendable {
        case answer(Int, headers: [(String, String)] = [], body: String = "")
        /// The connection ends without a word.
        case hangUp
        /// Nothing ever comes.
        case silence
    }

    private struct State {
        var requests: [Request] = []
        var seen: [String: Int] = [:]
        var orders: [String: OrderID] = [:]
        var open = 0
        var peak = 0
    }

    private let state = Mutex(State())
    private let channel: any Channel
    let port: Int

    private init(channel: any Channel, port: Int) {
        self.channel = channel
        self.port = port
    }

    var requests: [Request] { state.withLock { $0.requests } }
    var orders: [String: OrderID] { state.withLock { $0.orders } }
    var peak: Int { state.withLock { $0.peak } }

    /// Runs `body` beside a shop that answers with `reply`.
    static func open<Result>(
        reply: @escaping @Sendable (FakeShop, Request) -> Reply, _ body: (FakeShop) async throws -> Result
    ) async throws -> Result {
        let box = Holder()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            guard let shop = box.shop else { return .hangUp }
                            return reply(shop, shop.note(request))
                        } onChange: {
                            box.shop?.count($0)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let shop = FakeShop(channel: channel, port: channel.localAddress?.port ?? 0)
        box.shop = shop
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(shop)) } catch { result = .failure(error) }
        try await channel.close()
        return try result.get()
    }

    /// The order of a key: the same for the same key.
    func order(for key: String) -> OrderID {
        state.withLock { state in
            if let order = state.orders[key] { return order }
            let order = OrderID.version7(
                at: Timestamp(microseconds: 1_700_000_000_000_000),
                randomBits: (UInt64(state.orders.count), UInt64(state.orders.count)))
            state.orders[key] = order
            return order
        }
    }

    /// A 202 as checkout gives it.
    func receipt(for key: String, total: Int64) -> Reply {
        .answer(
            202, headers: [("Content-Type", "application/json")],
            body: "{\"orderId\":\"\(order(for: key))\",\"status\":\"pending\",\"token\":\"opens-\(order(for: key))\","
                + "\"total\":{\"amount\":\(total),\"currency\":\"GBP\"}}")
    }

    private func note(_ request: Request) -> Request {
        state.withLock { state in
            var request = request
            if let key = request.key {
                request.repetition = state.seen[key, default: 0]
                state.seen[key, default: 0] += 1
            }
            state.requests.append(request)
            return request
        }
    }

    private func count(_ delta: Int) {
        state.withLock {
            $0.open += delta
            $0.peak = max($0.peak, $0.open)
        }
    }

    private final class Holder: Sendable {
        private let held = Mutex<FakeShop?>(nil)

        var shop: FakeShop? {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let reply: @Sendable (Request) -> Reply
        private let onChange: @Sendable (Int) -> Void
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ reply: @escaping @Sendable (Request) -> Reply, onChange: @escaping @Sendable (Int) -> Void) {
            self.reply = reply
            self.onChange = onChange
        }

        func channelActive(context: ChannelHandlerContext) { onChange(1) }

        func channelInactive(context: ChannelHandlerContext) { onChange(-1) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let bytes): body += String(buffer: bytes)
            case .end: answer(context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func answer(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let request = Request(
                method: head.method.rawValue, path: head.uri, key: head.headers.first(name: "Idempotency-Key"),
                authorization: head.headers.first(name: "Authorization"),
                body: body, repetition: 0, closes: !head.isKeepAlive)
            switch reply(request) {
            case .hangUp: context.close(promise: nil)
            case .silence: break
            case .answer(let status, let headers, let body):
                var fields = HTTPHeaders(headers)
                fields.add(name: "Content-Length", value: String(body.utf8.count))
                let response = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: status), headers: fields)
                context.write(wrapOutboundOut(.head(response)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
                    if request.closes { bound.value.close(promise: nil) }
                }
            }
        }
    }
}

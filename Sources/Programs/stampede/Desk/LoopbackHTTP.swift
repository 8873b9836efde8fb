import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP/1.1 exchange with a service on a connection of its own. Blocks the thread, which is the command's.
enum LoopbackHTTP {
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }

    struct Request: Sendable {
        var method: HTTPMethod
        var path: String
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
    }

    /// What went wrong, and whether the other side may have acted.
    enum Failed: Error, Equatable {
        /// No connection, so nothing was sent.
        case notSent(String)
        case noAnswer(String)
    }

    /// 256 letters with a long error each.
    fileprivate static let maximumAnswerBytes = 4 << 20

    static func send(_ request: Request, to place: ServicePlace, within limit: TimeAmount) throws(Failed) -> Answer {
        let address: SocketAddress
        do {
            address = try .makeAddressResolvingHost(place.host, port: place.port)
        } catch {
            throw .notSent("\(error)")
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Answer.self)
        do {
            let timer = loop.scheduleTask(in: limit) {
                promise.fail(Failed.noAnswer("no answer within \(limit.nanoseconds / 1_000_000) ms"))
            }
            promise.futureResult.whenComplete { _ in timer.cancel() }
            let connected = ClientBootstrap(group: loop)
                .connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(
                            Exchange(request: request, port: place.port, promise: promise))
                    }
                }
                .connect(to: address)
            connected.whenFailure { promise.fail(Failed.notSent("\($0)")) }
            connected.whenSuccess { channel in
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            }
            return try promise.futureResult.wait()
        } catch let failed as Failed {
            throw failed
        } catch {
            throw .noAnswer("\(error)")
        }
    }
}

/// Sends as soon as the connection stands, and ends with the whole answer or with none.
private final class Exchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: LoopbackHTTP.Request
    private let port: Int
    private let promise: EventLoopPromise<LoopbackHTTP.Answer>
    private var status = 0
    private var body: [UInt8] = []

    init(request: LoopbackHTTP.Request, port: Int, promise: EventLoopPromise<LoopbackHTTP.Answer>) {
        self.request = request
        self.port = port
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers: HTTPHeaders = ["host": "127.0.0.1:\(port)", "connection": "close"]
        if !request.body.isEmpty {
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: String(request.body.count))
        }
        for (name, value) in request.headers { headers.add(name: name, value: value) }
        let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= LoopbackHTTP.maximumAnswerBytes else {
                return promise.fail(LoopbackHTTP.Failed.noAnswer("an answer without end"))
            }
            body.append(contentsOf: bytes.readableBytesView)
        case .end: promise.succeed(LoopbackHTTP.Answer(status: status, body: body))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(LoopbackHTTP.Failed.noAnswer("the connection ended before the answer"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(LoopbackHTTP.Failed.noAnswer("\(error)"))
    }
}

import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// One connection: reads a request whole, has it answered, writes the answer: whole where its length is known, else as it
/// comes.
///
/// Confined to its channel's event loop, on which the tasks of its requests run too.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let setup: ConnectionSetup
    /// Nil between requests, and for the rest of one that was refused.
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var answering: Task<Void, Never>?
    /// The peer sends nothing more: once its last request is answered, the connection ends.
    private var inputIsClosed = false
    /// A request was refused, and the rest of it still comes.
    private var restIsComing = false
    /// The refusal said that the connection ends.
    private var endsAfterRest = false

    init(_ setup: ConnectionSetup) {
        self.setup = setup
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0
            if length > setup.bodyBytes { refuse(head, context) }
        case .body(var chunk):
            guard let head else { return }
            guard body.readableBytes + chunk.readableBytes <= setup.bodyBytes else { return refuse(head, context) }
            if body.readableBytes == 0 { body = chunk } else { body.writeBuffer(&chunk) }
        case .end:
            restIsComing = false
            guard let head else {
                if endsAfterRest { context.close(promise: nil) }
                return
            }
            self.head = nil
            let body = body
            self.body = ByteBuffer()
            answer(head, body, context)
        }
    }

    /// At once; what still comes of the request is read and not kept.
    ///
    /// *Why read*: a connection that is closed while the peer still sends is reset, and the peer loses the answer.
    private func refuse(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        head = nil
        restIsComing = true
        body = ByteBuffer()
        let response = setup.bodyTooLarge()
        let keepsAlive = request.isKeepAlive
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        start(context) {
            let body = await WholeBody.of(response)
            let (handler, context) = handler.value
            handler.write(response, body, keepsAlive: keepsAlive, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let converted = try? HTTPRequest(head, secure: false, splitCookie: false) else {
            return context.close(promise: nil)  // a target that is no URI; nothing sensible can be answered
        }
        let request = Request(head: converted, body: RequestBody(buffer: body))
        let (isHead, keepsAlive) = (head.method == .HEAD, head.isKeepAlive)
        let channel = context.channel
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        start(context) { [respond = setup.respond] in
            guard let response = await respond(request, channel) else { return channel.close(promise: nil) }
            if response.body.contentLength == nil, !isHead { return await Self.stream(response, handler) }
            let body = isHead ? nil : await WholeBody.of(response)
            let (handler, context) = handler.value
            handler.write(response, body, keepsAlive: keepsAlive, context)
        }
    }

    private func start(_ context: ChannelHandlerContext, _ body: @escaping @Sendable () async -> Void) {
        answering = Task(executorPreference: setup.executor, operation: body)
    }

    // MARK: - Writing

    /// - Parameter body: nil for the answer to a HEAD, which has none.
    private func write(
        _ response: Response, _ body: ByteBuffer?, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        answering = nil
        guard context.channel.isActive else { return }
        let closes = !keepsAlive || inputIsClosed
        var head = HTTPResponseHead(response.head)
        head.headers.add(name: "date", value: DateHeader.now)
        if closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body, body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        endsAfterRest = closes && restIsComing && !inputIsClosed
        let written = closes && !endsAfterRest ? context.eventLoop.makePromise(of: Void.self) : nil
        if let written {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    // MARK: - Streaming

    /// The connection ends with the answer; it is cut where the answer cannot be carried on.
    private static func stream(
        _ response: Response, _ bound: NIOLoopBound<(ConnectionHandler, ChannelHandlerContext)>
    ) async {
        let channel = bound.value.1.channel
        bound.value.0.writeHead(ofStreamed: response, bound.value.1)
        do {
            try await response.body.write(
                StreamedBody(NIOLoopBound(bound.value.1, eventLoop: channel.eventLoop)))
            bound.value.0.writeEnd(bound.value.1)
        } catch {
            channel.close(promise: nil)
        }
    }

    private func writeHead(ofStreamed response: Response, _ context: ChannelHandlerContext) {
        StreamedBody.keepLittle(in: context.channel)
        var head = HTTPResponseHead(response.head)
        head.headers.add(name: "date", value: DateHeader.now)
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func writeEnd(_ context: ChannelHandlerContext) {
        answering = nil
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    // MARK: - Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputIsClosed = true
            if answering == nil { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Nobody waits for the answer any more.
    func channelInactive(context: ChannelHandlerContext) {
        answering?.cancel()
        context.fireChannelInactive()
    }

    /// What is no HTTP was answered 400 by the handler before; what else goes wrong is the connection's end.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Takes an answer's body as one piece.
private struct WholeBody: ResponseBodyWriter {
    private final class Bytes {
        var buffer = ByteBuffer()
    }

    private let bytes = Bytes()

    static func of(_ response: Response) async -> ByteBuffer {
        let writer = WholeBody()
        try? await response.body.write(writer)  // writing to memory does not fail
        return writer.bytes.buffer
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        if bytes.buffer.readableBytes == 0 {
            bytes.buffer = buffer
        } else {
            bytes.buffer.writeImmutableBuffer(buffer)
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

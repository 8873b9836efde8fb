import Foundation
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
    /// Where bytes come in and plain answers go out; nil once the connection is closed.
    var intake: ChannelHandlerContext?
    private var turn = Turn()
    /// Nil between requests, and for the rest of one that was refused.
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    /// What `body` takes of the room that all connections share.
    private var roomTaken = 0
    private var answering: Task<Void, Never>?
    /// A request was taken whose `DirectReply` has not been used yet.
    private var isAnsweredDirectly = false
    /// The request's head said something after which the connection cannot go on.
    private var isLast = false
    /// The peer sends nothing more: once its last request is answered, the connection ends.
    private var inputIsClosed = false
    /// A request was refused, and the rest of it still comes.
    private var restIsComing = false
    /// The refusal said that the connection ends.
    private var endsAfterRest = false
    /// Of an answer that the client does not take, the end is kept back, and with it the next request.
    private var endIsKeptBack = false
    private var closesAfterAnswer = false
    private var lastIsWritten = false
    /// Bytes of the answer that the client had not taken when it was looked at.
    private var untaken = Int.max

    init(_ setup: ConnectionSetup) {
        self.setup = setup
    }

    func handlerAdded(context: ChannelHandlerContext) { setup.watch.add(self) }

    func handlerRemoved(context: ChannelHandlerContext) {
        setup.watch.remove(self)
        dropBody()
    }

    // MARK: - Reading

    /// False where nothing that the client sends counts any more.
    func takesBytes() -> Bool {
        if turn.kind == .idle { turn.becomes(.head) }
        return turn.kind != .ending
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard turn.kind != .ending else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let chunk): take(chunk, context)
        case .end:
            restIsComing = false
            guard let head else {
                if endsAfterRest {
                    context.close(promise: nil)
                } else if turn.kind == .body, answering == nil, !isAnsweredDirectly {
                    turn.becomes(.idle)
                }
                return
            }
            self.head = nil
            let body = body
            self.body = ByteBuffer()
            answer(head, body, context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let check = HeadCheck(head, setup.hosts, onLoopback: { setup.isLoopback(context.channel) })
        isLast = check.asksForUpgrade
        turn.becomes(.body)
        switch check.refusal {
        case .malformed(let reason)?: return end(.malformed(reason))
        case let refusal?: return refuse(head, refusal, context)
        case nil: break
        }
        if let length = check.contentLength, length > setup.limits.bodyBytes {
            return refuse(head, .bodyTooLarge(limit: setup.limits.bodyBytes), context)
        }
        self.head = head
        guard check.hasBody, check.expectsContinue, head.version.minor >= 1 else { return }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
    }

    private func take(_ chunk: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let head else { return }
        let size = body.readableBytes + chunk.readableBytes
        guard size <= setup.limits.bodyBytes else {
            return refuse(head, .bodyTooLarge(limit: setup.limits.bodyBytes), context)
        }
        if size > HTTPServer.Limits.smallBodyBytes {
            guard setup.room.take(size - roomTaken) else { return refuse(head, .noRoomForBody, context) }
            roomTaken = size
        }
        if body.readableBytes == 0 { body = chunk } else { body.writeImmutableBuffer(chunk) }
    }

    private func dropBody() {
        body = ByteBuffer()
        setup.room.giveBack(roomTaken)
        roomTaken = 0
    }

    /// At once; what still comes of the request is read and not kept.
    ///
    /// *Why read*: a connection that is closed while the peer still sends is reset, and the peer loses the answer.
    private func refuse(_ request: HTTPRequestHead, _ refusal: HTTPRefusal, _ context: ChannelHandlerContext) {
        head = nil
        restIsComing = true
        dropBody()
        let response = setup.refuse(refusal)
        let (isHead, keepsAlive) = (request.method == .HEAD, request.isKeepAlive && !isLast)
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        start(context) {
            let body = isHead ? nil : await WholeBody.of(response)
            let (handler, context) = handler.value
            handler.write(response, body, keepsAlive: keepsAlive, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        if answersDirectly(head, body, context) { return }
        guard let converted = try? HTTPRequest(head, secure: false, splitCookie: false) else {
            return end(.malformed("the method or the target is none"))
        }
        turn.becomes(.answer)
        let request = Request(head: converted, body: RequestBody(buffer: body))
        let (isHead, keepsAlive) = (head.method == .HEAD, head.isKeepAlive && !isLast)
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

    /// False if the request is left to `respond`.
    private func answersDirectly(
        _ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext
    ) -> Bool {
        guard let respond = setup.respondDirectly else { return false }
        turn.becomes(.answer)
        isAnsweredDirectly = true
        setup.tasks.begin()
        let reply = DirectReply(self, context, keepsAlive: head.isKeepAlive && !isLast, setup.tasks.executor)
        if respond(head, body, reply) { return true }
        isAnsweredDirectly = false
        setup.tasks.finish()
        return false
    }

    private func start(_ context: ChannelHandlerContext, _ body: @escaping @Sendable () async -> Void) {
        answering = setup.tasks.start(body)
    }

    // MARK: - Writing

    /// The response to a request that was answered directly.
    func send(_ response: PlainResponse, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        isAnsweredDirectly = false
        defer { setup.tasks.finish() }
        if keepsAlive, !inputIsClosed {
            var headers = HTTPHeaders(response.fields.map { ($0.name, $0.value) })
            headers.add(name: "content-length", value: String(response.body.count))
            let head = HTTPResponseHead(
                version: .http1_1, status: .init(statusCode: response.status), headers: headers)
            return write(head, ByteBuffer(bytes: response.body), keepsAlive: true, context)
        }
        dropBody()
        guard context.channel.isActive, turn.kind != .ending, let intake else { return }
        // Nothing follows on this connection: past the handlers that pair requests and responses, in one piece.
        turn.becomes(.taking)
        untaken = .max
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        intake.writeAndFlush(NIOAny(PlainAnswer.bytes(response)), promise: written)
    }

    private func write(
        _ response: Response, _ body: ByteBuffer?, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        write(HTTPResponseHead(response.head), body, keepsAlive: keepsAlive, context)
    }

    /// - Parameter body: nil for the answer to a HEAD, which has none.
    private func write(
        _ head: HTTPResponseHead, _ body: ByteBuffer?, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        answering = nil
        dropBody()
        guard context.channel.isActive, turn.kind != .ending else { return }
        let closes = !keepsAlive || inputIsClosed
        var head = head
        head.headers.add(name: "date", value: DateHeader.now)
        if closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body, body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        endsAfterRest = closes && restIsComing && !inputIsClosed
        closesAfterAnswer = closes && !endsAfterRest
        guard !context.channel.isWritable else { return writeEndOfAnswer(context) }
        endIsKeptBack = true
        turn.becomes(.taking)
        untaken = .max
        context.flush()
    }

    /// *Why only now*: behind it the next request is let in; a client that sends requests and takes no answers would fill
    /// the memory.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if endIsKeptBack, context.channel.isWritable { writeEndOfAnswer(context) }
        context.fireChannelWritabilityChanged()
    }

    private func writeEndOfAnswer(_ context: ChannelHandlerContext) {
        endIsKeptBack = false
        closesAfterAnswer = closesAfterAnswer || (inputIsClosed && !restIsComing)
        // Before the end is written: the next request may be here already.
        turn.becomes(restIsComing ? .body : closesAfterAnswer ? .taking : .idle)
        let written = closesAfterAnswer ? context.eventLoop.makePromise(of: Void.self) : nil
        if let written {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    /// Refuses what cannot be read on, and ends the connection: in a while, so that the client hears why.
    ///
    /// Called again for what comes afterwards, it does nothing.
    private func end(_ refusal: HTTPRefusal) {
        guard turn.kind != .ending, let intake else { return }
        turn.becomes(.ending)
        answering?.cancel()
        answering = nil
        head = nil
        dropBody()
        let response = setup.refuse(refusal)
        let bound = NIOLoopBound((self, intake), eventLoop: intake.eventLoop)
        setup.tasks.start {
            let body = await WholeBody.of(response)
            let (handler, intake) = bound.value
            handler.writeLast(PlainAnswer.bytes(response, body), intake)
        }
    }

    private func writeLast(_ bytes: ByteBuffer, _ intake: ChannelHandlerContext) {
        let channel = intake.channel
        guard channel.isActive else { return }
        let bound = NIOLoopBound(self, eventLoop: intake.eventLoop)
        let written = intake.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in
            bound.value.lastIsWritten = true
            channel.close(mode: bound.value.inputIsClosed ? .all : .output, promise: nil)
        }
        intake.writeAndFlush(NIOAny(bytes), promise: written)
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
        dropBody()
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

    /// Ends the connection if the client took too long.
    func isLookedAt(_ now: NIODeadline, isCrowded: Bool) {
        guard turn.isOver(now, setup.limits, isCrowded: isCrowded), let channel = intake?.channel else { return }
        let isOnlyForTheCrowd = isCrowded && !turn.isOver(now, setup.limits, isCrowded: false)
        if isOnlyForTheCrowd, hasUnreadBytes { return }
        switch turn.kind {
        case .answer: break
        case .idle, .ending: channel.close(promise: nil)
        case .head: end(.tooSlow(seconds: setup.limits.head.wholeSeconds))
        case .body:
            // Of a request that was refused, the client knows already.
            if head == nil {
                channel.close(promise: nil)
            } else {
                end(.tooSlow(seconds: setup.limits.body.wholeSeconds))
            }
        case .taking:
            let rest = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            guard rest < untaken, rest > 0 else { return channel.close(promise: nil) }
            untaken = rest
            turn.becomes(.taking)
        }
    }

    /// Whether the client has sent what this server has not come to read: in a crowd it may be the server that is slow.
    private var hasUnreadBytes: Bool {
        var byte: UInt8 = 0
        let count = try? intake?.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            recv($0, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        }
        return (count ?? 0) > 0
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputIsClosed = true
            let isDone =
                turn.kind == .ending ? lastIsWritten : answering == nil && !isAnsweredDirectly && !endIsKeptBack
            if isDone { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Nobody waits for the answer any more.
    func channelInactive(context: ChannelHandlerContext) {
        answering?.cancel()
        context.fireChannelInactive()
    }

    /// What is no HTTP is told so; what else goes wrong is the connection's end.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            end(.headTooLarge(bytes: setup.limits.headBytes, fields: setup.limits.headerFields))
        case is HTTPParserError: end(.malformed("this is no HTTP/1.1, or it could be read in two ways"))
        case is ByteToMessageDecoderError where turn.kind == .ending: break  // the decoder had bytes left
        default: context.close(promise: nil)
        }
    }
}

extension TimeAmount {
    fileprivate var wholeSeconds: Int64 { max(1, nanoseconds / 1_000_000_000) }
}

import NIOCore
import NIOHTTP1

/// One request and its answer at a time on a connection.
///
/// *Guarantee*: every request ends, with its own answer or an error: at the answer's end, at the time limit, when the
/// connection is cut. *If broken*: an order waits for ever for a call that nobody makes again.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// Nil once the connection is closed and its pipeline taken apart.
    private var context: ChannelHandlerContext?
    private var promise: EventLoopPromise<PooledHTTPClient.Answer>?
    private var timer: Scheduled<Void>?
    private var status = 0
    private var body: [UInt8] = []
    private var closes = false

    /// On the channel's event loop; the one before it must have ended.
    func send(
        _ head: HTTPRequestHead, _ bytes: [UInt8], timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PooledHTTPClient.Answer> {
        precondition(promise == nil, "one request at a time on a connection")
        guard let context, context.channel.isActive else {
            return eventLoop.makeFailedFuture(UnknownOutcome(detail: "the connection was closed before the request"))
        }
        let promise = eventLoop.makePromise(of: PooledHTTPClient.Answer.self)
        self.promise = promise
        body = []
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(in: timeout) {
            handler.value.fail(UnknownOutcome(detail: "no answer in time"))
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !bytes.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        return promise.futureResult
    }

    private func fail(_ error: any Error) {
        let promise = takePromise()
        context?.close(promise: nil)
        promise?.fail(error)
    }

    /// Nil where the exchange has ended already: it ends once.
    private func takePromise() -> EventLoopPromise<PooledHTTPClient.Answer>? {
        timer?.cancel()
        timer = nil
        body = []
        defer { promise = nil }
        return promise
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard promise != nil else { return }  // given up on already, the connection is being closed
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            closes = !head.isKeepAlive
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= PooledHTTPClient.maximumAnswerBytes else {
                return fail(
                    UnknownOutcome(detail: "an answer of more than \(PooledHTTPClient.maximumAnswerBytes) bytes"))
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            let answer = PooledHTTPClient.Answer(status: status, body: body)
            let promise = takePromise()
            // Closed first, so that whoever gets the answer sees a connection that is not to be used again.
            if closes { context.close(promise: nil) }
            promise?.succeed(answer)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(UnknownOutcome(detail: "the connection was cut before the answer"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(UnknownOutcome(detail: "\(error)"))
    }
}

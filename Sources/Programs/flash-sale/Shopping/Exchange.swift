import NIOCore

/// Told how an exchange went. Confined to the exchange's event loop.
protocol ExchangeOwner: AnyObject {
    func exchangeOpened(_ ticket: Int)
    func exchange(_ ticket: Int, ended ending: Exchange.Ending)
    /// The connection is gone, after `ended`.
    func exchangeClosed(_ ticket: Int)
}

/// One connection: sends the request as soon as it stands, reads the answer, closes.
///
/// Confined to its channel's event loop.
final class Exchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Ending: Sendable {
        case answered(Answer)
        /// The connection ended, or the time ran out, after the request was sent.
        case lost
        /// Not HTTP as we know it.
        case unreadable(AnswerError)
    }

    let ticket: Int
    private let request: ByteBuffer
    private let owner: any ExchangeOwner
    private var reader = AnswerReader()
    private var context: ChannelHandlerContext?
    private var hasEnded = false

    init(ticket: Int, request: ByteBuffer, owner: any ExchangeOwner) {
        self.ticket = ticket
        self.request = request
        self.owner = owner
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        owner.exchangeOpened(ticket)
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasEnded else { return }
        do throws(AnswerError) {
            guard let answer = try reader.read(unwrapInboundIn(data)) else { return }
            end(.answered(answer))
        } catch {
            end(.unreadable(error))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        if !hasEnded {
            if let answer = reader.close() { end(.answered(answer)) } else { end(.lost) }
        }
        owner.exchangeClosed(ticket)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset: `channelInactive` follows and says that the answer is lost.
        context.close(promise: nil)
    }

    /// The answer took too long.
    func abandon() {
        guard !hasEnded, let context else { return }
        end(.lost)
        context.close(promise: nil)
    }

    private func end(_ ending: Ending) {
        hasEnded = true
        owner.exchange(ticket, ended: ending)
    }
}

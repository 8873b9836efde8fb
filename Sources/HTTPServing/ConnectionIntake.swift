import NIOCore

/// The first to see what a client sends: tells when a request begins, and lets nothing through any more once one was
/// refused for good.
final class ConnectionIntake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) { connection.intake = context }

    func handlerRemoved(context: ChannelHandlerContext) { connection.intake = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.takesBytes() { context.fireChannelRead(data) }
    }
}

import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1

/// Sends an answer piece by piece, each once the connection took the one before.
///
/// *Guarantee*: what a client has not taken is bounded, here and in the kernel, and one that takes nothing for `patience`
/// is cut off. *If broken*: a client that stopped reading fills the memory of a service, or is shown the past.
struct StreamedBody: ResponseBodyWriter {
    static let patience = TimeAmount.seconds(10)
    /// What the kernel keeps for a client that reads slowly, in bytes; Linux doubles it.
    private static let sendBufferBytes = 64 * 1024

    private let context: NIOLoopBound<ChannelHandlerContext>

    init(_ context: NIOLoopBound<ChannelHandlerContext>) {
        self.context = context
    }

    static func keepLittle(in channel: any Channel) {
        // A kernel that keeps more delays what a slow client sees, and nothing else.
        channel.setOption(.socketOption(.so_sndbuf), value: sendBufferBytes).whenFailure { _ in }
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        let context = context.value
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        let cut = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.body(.byteBuffer(buffer))), promise: written)
        defer { cut.cancel() }
        try await written.futureResult.get()
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// What Hummingbird's server makes of each connection it accepts.
struct ConnectionSetup: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    let respond: HTTPServer.Respond
    let bodyTooLarge: @Sendable () -> Response
    let bodyBytes: Int
    let executor: EventLoopExecutor

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // One request at a time, in order; what is no HTTP is answered 400 and cut; a quiescing server's connections
            // end with the answer under way.
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withPipeliningAssistance: true, withErrorHandling: true, withOutboundHeaderValidation: false)
            try channel.pipeline.syncOperations.addHandler(ConnectionHandler(self))
            return Value(channel: channel)
        }
    }

    /// The connection serves itself; the server counts it until it is closed.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()  // fails never: a channel only closes
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}

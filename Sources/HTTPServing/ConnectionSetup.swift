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
    let refuse: HTTPServer.Refuse
    let limits: HTTPServer.Limits
    let hosts: HostPolicy
    let tasks: RequestTasks
    let watch: ConnectionWatch
    let room: BodyRoom

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let connection = ConnectionHandler(self)
            try channel.pipeline.syncOperations.addHandler(ConnectionIntake(connection))
            // One request at a time, in order; a quiescing server's connections end with the answer under way.
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withPipeliningAssistance: true, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
                withDecoderLimitConfiguration: limits.decoder)
            try channel.pipeline.syncOperations.addHandler(connection)
            return Value(channel: channel)
        }
    }

    /// Whether the client came to a loopback address of this machine.
    func isLoopback(_ channel: any Channel) -> Bool {
        guard let address = channel.localAddress?.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1"
    }

    /// Nothing: the connection serves itself, and `ConnectionWatch` knows when it is closed.
    ///
    /// *Why no task that lasts as long as it*: a group looks for a task that ended among all it has, one after the other; with
    /// ten thousand connections that are idle, each shopper who leaves would cost a walk past all of them.
    func handle(value: Value, logger: Logger) async {}
}

import NIOCore
import NIOHTTP1

/// What a server makes of each connection it accepts.
struct ConnectionSetup: Sendable {
    let respond: HTTPServer.Respond
    let respondDirectly: HTTPServer.RespondDirectly?
    let refuse: HTTPServer.Refuse
    let limits: HTTPServer.Limits
    let hosts: HostPolicy
    let tasks: RequestTasks
    let watch: ConnectionWatch
    let room: BodyRoom

    func setup(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let connection = ConnectionHandler(self)
            try channel.pipeline.syncOperations.addHandler(ConnectionIntake(connection))
            // One request at a time, in order; a quiescing server's connections end with the answer under way.
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withPipeliningAssistance: true, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
                withDecoderLimitConfiguration: limits.decoder)
            try channel.pipeline.syncOperations.addHandler(connection)
        }
    }

    /// Whether the client came to a loopback address of this machine.
    func isLoopback(_ channel: any Channel) -> Bool {
        guard let address = channel.localAddress?.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1"
    }
}

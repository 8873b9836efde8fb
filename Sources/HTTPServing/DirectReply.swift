import NIOCore

/// A response that is there as a whole.
package struct PlainResponse: Sendable {
    package var status: Int
    /// Without `Content-Length` and `Date`, which the server adds.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, fields: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Sends the response to one request that is answered without a task of its own.
///
/// *Why*: a task, its executor's jobs and a response of streams cost as much as the rest of a checkout. *Guarantee*: the
/// server does not shut its event loop down before `send` was called.
package struct DirectReply: Sendable {
    private let connection: NIOLoopBound<(ConnectionHandler, ChannelHandlerContext)>
    private let keepsAlive: Bool
    /// Runs `send` on the right event loop; the same object for all requests of a server.
    package let executor: EventLoopExecutor

    init(
        _ connection: ConnectionHandler, _ context: ChannelHandlerContext, keepsAlive: Bool,
        _ executor: EventLoopExecutor
    ) {
        self.connection = NIOLoopBound((connection, context), eventLoop: context.eventLoop)
        self.keepsAlive = keepsAlive
        self.executor = executor
    }

    /// Call it once, on the connection's event loop. If the client has closed the connection, nothing is sent.
    package func send(_ response: PlainResponse) {
        let (connection, context) = connection.value
        connection.send(response, keepsAlive: keepsAlive, context)
    }
}

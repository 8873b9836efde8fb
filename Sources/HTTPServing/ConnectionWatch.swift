import NIOCore

/// Looks after the connections of one server, and ends those whose clients let it wait.
///
/// *Guarantee*: where it is the client's turn (to send a request, or the rest of one, or to take its answer), a connection
/// lives no longer than the limit for that; while connections run short, no longer than a second. A server that stopped has
/// none left. *Why one look at all of them*: a timer a connection is two allocations and a place in a heap for each request
/// of each shopper. *If broken*: some thousand clients that send a byte a minute keep the shop closed.
///
/// Unchecked: confined to the server's event loop.
final class ConnectionWatch: @unchecked Sendable {
    private let limits: HTTPServer.Limits
    private let room: AcceptRoom
    private let eventLoop: any EventLoop
    private let interval: TimeAmount
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var isLooking = false
    private var allClosed: EventLoopPromise<Void>?

    private static let longestInterval = TimeAmount.milliseconds(250)

    init(_ limits: HTTPServer.Limits, _ room: AcceptRoom, on eventLoop: any EventLoop) {
        self.limits = limits
        self.room = room
        self.eventLoop = eventLoop
        let shortest = min(limits.idle, limits.head, limits.body, limits.taking)
        interval = min(Self.longestInterval, .nanoseconds(shortest.nanoseconds / 4))
    }

    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        room.enter()
        guard !isLooking else { return }
        isLooking = true
        lookLater()
    }

    func remove(_ connection: ConnectionHandler) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        room.leave()
        if connections.isEmpty { allClosed?.succeed() }
    }

    /// Returns when all connections are closed: each once it has its answer, all at once if it is cancelled. To be called once,
    /// when no new one can come.
    func end() async throws {
        try await withTaskCancellationHandler {
            try await eventLoop.flatSubmit { [self] in
                let promise = eventLoop.makePromise(of: Void.self)
                allClosed = promise
                if connections.isEmpty { promise.succeed() }
                for connection in Array(connections.values) {
                    connection.intake?.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                }
                return promise.futureResult
            }.get()
        } onCancel: {
            eventLoop.execute { [self] in
                for connection in Array(connections.values) { connection.intake?.close(promise: nil) }
            }
        }
    }

    private func lookLater() { eventLoop.scheduleTask(in: interval) { [self] in look() } }

    /// Where there is nobody, nothing is looked at: an idle server costs nothing.
    private func look() {
        guard !connections.isEmpty else { return isLooking = false }
        let now = NIODeadline.now()
        let isCrowded = connections.count > limits.crowd
        for connection in Array(connections.values) { connection.isLookedAt(now, isCrowded: isCrowded) }
        lookLater()
    }
}

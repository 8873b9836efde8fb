import NIOCore

/// What answers the requests of one server: tasks, and requests that are answered without one.
///
/// *Guarantee*: the event loop is not shut down before each of them has ended. *If broken*: a task that comes back from a
/// database to an event loop that is gone never ends, and what it holds is never freed.
///
/// Unchecked: confined to the server's event loop.
final class RequestTasks: @unchecked Sendable {
    private let eventLoop: any EventLoop
    let executor: EventLoopExecutor
    private var running = 0
    private var allEnded: EventLoopPromise<Void>?

    init(on eventLoop: any EventLoop, _ executor: EventLoopExecutor) {
        self.eventLoop = eventLoop
        self.executor = executor
    }

    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        begin()
        return Task(executorPreference: executor) { [self] in
            await body()
            finish()
        }
    }

    /// A request is answered without a task.
    func begin() { running += 1 }

    func finish() {
        running -= 1
        if running == 0 { allEnded?.succeed() }
    }

    /// To be called once, when no connection is left that could start another one.
    func end() async throws {
        try await eventLoop.flatSubmit { [self] in
            let promise = eventLoop.makePromise(of: Void.self)
            allEnded = promise
            if running == 0 { promise.succeed() }
            return promise.futureResult
        }.get()
    }
}

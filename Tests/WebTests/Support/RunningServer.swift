import Logging
import ServiceLifecycle
import Testing

/// Runs a server on a free port of loopback while the body runs.
func withServer<Value: Sendable>(
    on wanted: Int? = nil, _ make: (_ port: Int, _ logger: Logger) throws -> any Service,
    _ body: @escaping @Sendable (_ port: Int) async throws -> Value
) async throws -> Value {
    var logger = Logger(label: "web.test")
    logger.logLevel = .critical
    let port = try wanted ?? Sockets.freePort()
    let group = ServiceGroup(services: [try make(port, logger)], logger: logger)
    let running = Task { try await group.run() }
    let result: Result<Value, any Error>
    do {
        while (try? RawClient(port)) == nil {  // not listening yet
            try Task.checkCancellation()
            await Task.yield()
        }
        result = .success(try await body(port))
    } catch {
        result = .failure(error)
    }
    await group.triggerGracefulShutdown()
    try await running.value
    return try result.get()
}

/// Waits until the condition holds, without sleeping; a test's time limit ends what never comes.
func eventually(_ condition: () throws -> Bool) async throws {
    while try !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import ServiceRuntime

/// Stops that go well, and stops that do not.
@Suite("The limit of a stop", .timeLimit(.minutes(5)))
struct StopLimitTests {
    private struct Broken: Error {}

    /// A part whose end the test holds in its hands.
    private struct Part: Service, CustomStringConvertible {
        let description: String
        let body: @Sendable () async throws -> Void

        func run() async throws { try await body() }
    }

    /// Ends when it is told to stop.
    private static func obedient(_ name: String) -> Part {
        Part(description: name) { try? await gracefulShutdown() }
    }

    /// Deaf to every stop, until the stream ends.
    private static func deaf(_ name: String, until end: AsyncStream<Void>) -> Part {
        Part(description: name) {
            await Task { for await _ in end {} }.value  // a task of its own, so that no cancellation reaches it
        }
    }

    /// What was logged.
    private struct Notes: LogHandler {
        final class Store: Sendable {
            let lines = Mutex<[String]>([])
        }

        let store: Store
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            store.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }

    private struct World {
        let notes = Notes.Store()
        let ends = AsyncStream<Int32>.makeStream()
        let quiet = Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }

        func limit(_ limit: Duration) -> StopLimit {
            StopLimit(
                limit, logger: Logger(label: "test") { _ in Notes(store: notes) },
                end: { [ends] code in ends.continuation.yield(code) })
        }

        /// The exit code that the limit ends the process with.
        func exitCode() async -> Int32? {
            var codes = ends.stream.makeAsyncIterator()
            return await codes.next()
        }
    }

    @Test("a part that hangs is named, and the process ends with exit code 70")
    func hangs() async throws {
        let world = World()
        let (end, release) = AsyncStream<Void>.makeStream()
        let parts = world.limit(.seconds(3)).watched(
            [Self.obedient("consumer"), Self.deaf("outbox relay", until: end)], servers: [Self.obedient("server")])
        let group = ServiceGroup(services: parts, logger: world.quiet)
        let running = Task { try await group.run() }
        await group.triggerGracefulShutdown()
        #expect(await world.exitCode() == ExitStatus.stopTimedOut)
        let said = world.notes.lines.withLock { $0.joined() }
        #expect(said.contains("these parts have not ended") && said.contains("outbox relay"), "\(said)")
        #expect(!said.contains("server"), "it has ended")
        release.finish()
        try await running.value
    }

    @Test("a stop that ends in time ends the process in no other way")
    func inTime() async throws {
        let world = World()
        let limit = world.limit(.seconds(3))
        let group = ServiceGroup(
            services: limit.watched([Self.obedient("consumer")], servers: [Self.obedient("server")]),
            logger: world.quiet)
        let running = Task { try await group.run() }
        await group.triggerGracefulShutdown()
        try await running.value
        // A second one that does not end in time: when its code comes, the first one's time was over long ago.
        try await hangs()
        #expect(world.notes.lines.withLock { $0.isEmpty })
    }

    @Test("a server that waits for a slow client is cut off after half the limit, and the loops end well")
    func slowClient() async throws {
        let world = World()
        let server = Part(description: "server") {
            // As a server does: deaf to the graceful stop while a client is connected, but not to cancellation.
            let (forever, _) = AsyncStream<Void>.makeStream()
            for await _ in forever {}
        }
        let group = ServiceGroup(
            services: world.limit(.seconds(20)).watched([Self.obedient("consumer")], servers: [server]),
            logger: world.quiet)
        let running = Task { try await group.run() }
        let begin = ContinuousClock.now
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(ContinuousClock.now - begin >= .seconds(9))
        #expect(world.notes.lines.withLock { $0.isEmpty })
    }

    @Test("a fault that cannot end the process because a part hangs keeps its own exit code")
    func fault() async throws {
        let world = World()
        let (end, release) = AsyncStream<Void>.makeStream()
        let failing = Part(description: "faults") { throw ConfigurationError(key: "k", value: "v", expected: "w") }
        let parts = world.limit(.seconds(3)).watched(
            [Self.deaf("consumer", until: end), failing], servers: [])
        let group = ServiceGroup(services: parts, logger: world.quiet)
        let running = Task { try await group.run() }
        #expect(await world.exitCode() == ExitStatus.usage)
        release.finish()
        await #expect(throws: ConfigurationError.self) { try await running.value }
    }
}

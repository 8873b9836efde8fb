import Foundation
package import Logging
package import ServiceLifecycle
import Synchronization

/// Bounds how long a service takes to stop: names the parts that have not ended when time is over, and ends the process.
///
/// *Guarantee*: a stop, graceful or because of a fault, takes no longer than the limit. *Why at all*: what has not ended
/// then is either a transaction, which is as if it had not begun, or a client who waits. *If broken*: an upgrade waits for
/// the slowest client on earth, or somebody reaches for `kill -9`.
package final class StopLimit: Sendable {
    private struct State {
        var running: [String] = []
        var fault: (any Error)?
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limit: Duration
    private let logger: Logger
    private let onStop: @Sendable () -> Void
    private let end: @Sendable (Int32) -> Void

    /// - Parameters:
    ///   - onStop: called once, when a stop begins.
    ///   - end: ends the process with an exit code, without tidying up: whoever should hangs.
    package init(
        _ limit: Duration, logger: Logger, onStop: @escaping @Sendable () -> Void = {},
        end: @escaping @Sendable (Int32) -> Void = { _exit($0) }
    ) {
        self.limit = limit
        self.logger = logger
        self.onStop = onStop
        self.end = end
    }

    /// What the process' parts become, with the clock that a stop sets going.
    ///
    /// - Parameter servers: cut off after half the limit, so that a slow client leaves the loops time to end well.
    package func watched(_ parts: [any Service], servers: [any Service]) -> [any Service] {
        let patience = limit / 2
        return parts.map { WatchedPart(part: $0, limit: self) }
            + servers.map { WatchedPart(part: ImpatientServer(server: $0, patience: patience), limit: self) }
            + [StopNotice(limit: self)]  // last: what is started last is told first
    }

    /// Counts among the parts while it runs.
    package func watch(_ name: String, _ body: () throws -> Void) rethrows {
        began(name)
        defer { ended(name, nil) }
        try body()
    }

    // MARK: - Parts

    fileprivate func began(_ name: String) {
        state.withLock { $0.running.append(name) }
    }

    fileprivate func ended(_ name: String, _ error: (any Error)?) {
        state.withLock { state in
            if let place = state.running.firstIndex(of: name) { state.running.remove(at: place) }
            if let error, !(error is CancellationError), state.fault == nil { state.fault = error }
        }
    }

    /// A thread of its own, for all others may hang.
    fileprivate func stopBegins() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else { return }
        onStop()
        let thread = Thread { [self] in
            Thread.sleep(forTimeInterval: limit / .seconds(1))
            timeIsOver()
        }
        thread.name = "stop limit"
        thread.start()
    }

    private func timeIsOver() {
        let (running, fault) = state.withLock { ($0.running, $0.fault) }
        guard !running.isEmpty else { return }
        var metadata: Logger.Metadata = ["parts": "\(running.joined(separator: ", "))", "limit": "\(limit)"]
        if let fault { metadata["stoppedBy"] = "\(fault)" }
        logger.critical("the stop takes too long: these parts have not ended", metadata: metadata)
        end(fault.map(ExitStatus.code) ?? ExitStatus.stopTimedOut)
    }
}

/// A part that says when it begins and when it has ended.
private struct WatchedPart: Service, CustomStringConvertible {
    let part: any Service
    let limit: StopLimit

    var description: String { "\(part)" }

    func run() async throws {
        limit.began(description)
        do {
            try await part.run()
            limit.ended(description, nil)
        } catch {
            limit.ended(description, error)
            throw error
        }
    }
}

/// A server that waits for its clients only so long.
private struct ImpatientServer: Service, CustomStringConvertible {
    let server: any Service
    let patience: Duration

    var description: String { "\(server)" }

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await server.run()
                return true
            }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == false {
                group.cancelAll()
                _ = try await group.next()
            }
        }
    }
}

/// Starts the clock when the group begins to stop.
private struct StopNotice: Service, CustomStringConvertible {
    let limit: StopLimit

    var description: String { "stop limit" }

    func run() async throws {
        defer { limit.stopBegins() }
        // Throws when the group is cancelled, because a part failed.
        try? await gracefulShutdown()
    }
}

import Synchronization

/// Hands the newest frame to everybody who watches.
///
/// *Guarantee*: one frame waits for each client, whatever its speed: a newer one takes its place. There are at most
/// `maximumClients`. *If broken*: a browser tab on a slow line fills the memory of Analytics.
final class DashboardFeed: Sendable {
    typealias Frame = String

    static let maximumClients = 32

    private struct State {
        var clients: [Int: AsyncStream<Frame>.Continuation] = [:]
        var number = 0
        var latest: Frame?
        var hasNewcomers = false
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Whether somebody came since the last frame.
    var hasNewcomers: Bool { state.withLock { $0.hasNewcomers } }

    var clients: Int { state.withLock { $0.clients.count } }

    /// Frames from now on, beginning with the latest; ends when the feed does. Nil where there are too many already.
    func subscribe() -> AsyncStream<Frame>? {
        let (stream, continuation) = AsyncStream.makeStream(of: Frame.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> Int? in
            guard !state.isClosed, state.clients.count < Self.maximumClients else { return nil }
            state.number += 1
            state.clients[state.number] = continuation
            state.hasNewcomers = true
            if let latest = state.latest { continuation.yield(latest) }
            return state.number
        }
        guard let number else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.clients.removeValue(forKey: number) }
        }
        return stream
    }

    func publish(_ frame: Frame) {
        let clients = state.withLock { state in
            state.latest = frame
            state.hasNewcomers = false
            return Array(state.clients.values)
        }
        for client in clients { client.yield(frame) }
    }

    /// Nobody watches: what was shown last is not to be shown first to whoever comes next.
    func forget() { state.withLock { $0.latest = nil } }

    /// Ends every stream, for good.
    func close() {
        let clients = state.withLock { state in
            state.isClosed = true
            return Array(state.clients.values)
        }
        for client in clients { client.finish() }
    }
}

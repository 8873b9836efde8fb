import Foundation

/// One request and its answer, on a connection of its own.
enum SingleExchange {
    private static let bufferBytes = 64 * 1024

    /// Looks up the host, connects, sends, and reads the answer, on a thread of its own.
    ///
    /// - Throws: `AdminError`, which says whether there was a connection at all; `AnswerError`.
    static func send(
        _ request: [UInt8], to port: Int, of host: String = "127.0.0.1", within seconds: Int = 60
    ) async throws -> Answer {
        try await onThread {
            try send(request, to: port, of: host, before: Worker.now + Int64(seconds) * 1_000_000_000, seconds)
        }
    }

    private static func send(
        _ request: [UInt8], to port: Int, of host: String, before deadline: Int64, _ seconds: Int
    ) throws -> Answer {
        var connection: Connection
        do {
            connection = try Connection(
                visitor: 0, request: request, to: try ServerAddress(host: host, port: port), from: nil, until: deadline)
        } catch {
            throw AdminError(description: "\(error)", isUnreachable: true)
        }
        defer { close(connection.socket) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            switch connection.goOn(buffer, opened: { deadline }) {
            case .waits(let interest):
                let left = deadline - Worker.now
                guard left > 0 else {
                    throw AdminError(description: "no answer in \(seconds) s", isUnreachable: !connection.isOpen)
                }
                let events = interest == .reading ? POLLIN : POLLIN | POLLOUT
                var entry = pollfd(fd: connection.socket, events: Int16(events), revents: 0)
                poll(&entry, 1, Int32(clamping: left / 1_000_000 + 1))
            case .failed: throw AdminError(description: "nobody listens there", isUnreachable: true)
            case .ended(.answered(let answer)): return answer
            case .ended(.lost): throw AdminError(description: "the connection ended without an answer")
            case .ended(.unreadable(let error)): throw error
            }
        }
    }
}

/// Runs what blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

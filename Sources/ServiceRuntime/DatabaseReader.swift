package import GRDB

/// A second, read-only connection for short reads, so that those who look do not wait for those who commit.
///
/// It never checkpoints: a read-only connection cannot (sqlite.org/wal.html, "checkpointing").
package struct DatabaseReader: Sendable {
    private let queue: DatabaseQueue

    package init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Reads on the connection's own queue, off the cooperative pool.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await queue.read(body)
    }
}

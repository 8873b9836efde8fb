import Foundation

/// A directory that is removed, with all it holds, with the value that holds it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("stampede-\(UUID().uuidString.prefix(8).lowercased())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// One that is there already: what a process that is to die is given by its parent, which outlives it.
    package init(existing path: String) {
        self.path = path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // a leftover in the temporary directory breaks no test
    }
}

/// Runs `body` with a fresh directory, and removes the directory with all it holds afterwards.
package func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = try TemporaryDirectory()
    let result = try await body(directory.path)
    withExtendedLifetime(directory) {}
    return result
}

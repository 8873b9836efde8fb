import Foundation

/// A condition that did not come true in time.
struct TookTooLong: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds, and looks at it again every 20 ms.
/// - Throws: `TookTooLong`, naming `what`, when it does not within `limit`.
func waitUntil(
    _ what: String, within limit: Duration = .seconds(15), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

import Foundation

/// A condition that did not come true in time.
struct TookTooLong: Error, CustomStringConvertible {
    let description: String
}

/// How long a test waits for what must come: a net against what never does, not a measure. It is long, for the tests share two
/// cores with each other.
let patience = Duration.seconds(180)

/// Waits until `condition` holds, and looks at it again every 20 ms.
/// - Throws: `TookTooLong`, naming `what`, when it does not within `patience`.
func waitUntil(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + patience
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TookTooLong(description: "not within \(patience): \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

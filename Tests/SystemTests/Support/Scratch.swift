import Foundation
import TestSupport

/// Runs `body` with a fresh directory; whatever happened in it, no process that works there and nothing of it is left.
func withScratch(_ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectory { scratch in
        defer { for entry in ProcessTable.mentioning(scratch) { kill(entry.pid, SIGKILL) } }
        try await body(scratch)
    }
}

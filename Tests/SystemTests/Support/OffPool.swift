import Foundation

/// Runs what blocks on a thread of its own: the cooperative pool has only as many threads as the machine has cores.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}

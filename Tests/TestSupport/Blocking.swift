import Foundation

/// Runs blocking work on a thread of its own: the cooperative pool has to stay free for what is tested.
/// It stays within the test's task, so that what fails there is told of that test.
package func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await Task(executorPreference: OwnThread()) { try work() }.value
}

private final class OwnThread: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        Thread { [self] in
            withExtendedLifetime(self) { job.runSynchronously(on: executor) }
        }.start()
    }
}

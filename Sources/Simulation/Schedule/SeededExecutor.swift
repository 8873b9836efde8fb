import Foundation

/// Runs the jobs of a world's tasks one at a time on the thread that asks for it, in an order that the seed chooses.
///
/// *Guarantee*: the same seed, the same order: every interleaving of tasks at their awaits can come, and comes again. *If
/// broken*: a failing seed cannot be looked at twice. Public API only: `TaskExecutor` (SE-0417); tasks that are started with
/// it as their preference stay on it, with their children.
///
/// Unchecked: a world runs on one thread.
final class SeededExecutor: TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []
    private var random: SeededRandom
    private(set) var steps = 0
    private let thread = pthread_self()

    init(_ random: SeededRandom) {
        self.random = random
    }

    func enqueue(_ job: consuming ExecutorJob) {
        // A job from another thread would come at a moment that no seed decides.
        precondition(pthread_equal(pthread_self(), thread) != 0, "something in a world left its thread")
        jobs.append(UnownedJob(job))
    }

    var isIdle: Bool { jobs.isEmpty }

    /// Runs one job; false where none is ready.
    func step() -> Bool {
        guard !jobs.isEmpty else { return false }
        steps += 1
        let chosen = random.below(jobs.count)
        jobs.swapAt(chosen, jobs.count - 1)
        jobs.removeLast().runSynchronously(on: asUnownedTaskExecutor())
        return true
    }
}

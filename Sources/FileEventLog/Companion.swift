import Dispatch
import Foundation
import Synchronization

/// A thread that does a piece of work while its owner waits for the disk. It starts with its first work.
///
/// Unchecked: `work` is written before `begin` is signalled and read after, and the owner waits for `end`.
final class Companion: @unchecked Sendable {
    private let begin = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)
    private let isBusy = Atomic(false)
    private let box = Box()

    /// What the thread holds, so that it does not keep its owner.
    private final class Box: @unchecked Sendable {
        var work: (() -> Void)?
        var isStarted = false

        /// Does the work and lets go of it. False where there is none.
        func perform() -> Bool {
            guard let work else { return false }
            work()
            self.work = nil
            return true
        }
    }

    deinit {
        begin.signal()  // with no work: the thread ends
    }

    /// Does `work` on the other thread while `wait` runs on this one; returns when both are done.
    func run<Value>(_ work: () -> Void, while wait: () -> Value) -> Value {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            work()
            return wait()
        }
        defer { isBusy.store(false, ordering: .releasing) }
        return withoutActuallyEscaping(work) { work in
            box.work = work
            if !box.isStarted { start() }
            begin.signal()
            let value = wait()
            end.wait()
            return value
        }
    }

    private func start() {
        box.isStarted = true
        let thread = Thread { [begin, end, box] in
            while true {
                begin.wait()
                guard box.perform() else { return }
                end.signal()
            }
        }
        thread.name = "log-companion"
        thread.start()
    }
}

import Synchronization

/// Wakes one waiting task; a ring while nobody waits is remembered, several rings are one.
///
/// Whoever waits looks for work first and then waits, so a wake-up is a hint and a lost one cannot be.
package final class Doorbell: Sendable {
    private enum State {
        case quiet
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    package init() {}

    package func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let continuation) = state {
                state = .quiet
                return continuation
            }
            state = .rung
            return nil
        }
        waiter?.resume()
    }

    /// Returns at the next ring, at once if it rang already, or when the task is cancelled. One waiter at a time.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    switch state {
                    case .rung:
                        state = .quiet
                        return true
                    case .quiet where Task.isCancelled:
                        return true
                    case .quiet:
                        state = .waiting(continuation)
                        return false
                    case .waiting:
                        preconditionFailure("a doorbell has one waiter")
                    }
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }
}

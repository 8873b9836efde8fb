import Dispatch
import EventLog
import Foundation
import Synchronization

/// Wakes a command that goes on: for new events, and to end it on Ctrl-C or when its reader is gone.
final class Alarm {
    /// What signal handlers and threads may touch.
    private final class Shared: Sendable {
        let bell = Doorbell()
        let wakeUp = DispatchSemaphore(value: 0)
        let isEnded = Atomic(false)

        func end() {
            isEnded.store(true, ordering: .releasing)
            bell.ring()
        }
    }

    private let shared = Shared()
    private var signals: [any DispatchSourceSignal] = []

    init() {
        Task.detached { [shared] in
            while true {
                await shared.bell.wait()
                shared.wakeUp.signal()
            }
        }
        for number in [SIGINT, SIGTERM, SIGHUP] { end(on: number) }
        endWithReader()
    }

    var bell: Doorbell { shared.bell }
    var isEnded: Bool { shared.isEnded.load(ordering: .acquiring) }

    /// Returns at the next ring. Blocks: not for the cooperative pool.
    func wait() {
        shared.wakeUp.wait()
    }

    /// Returns at the next ring, or when the time is over. Blocks as `wait` does.
    func waitForRing(seconds: Double) {
        _ = shared.wakeUp.wait(timeout: .now() + seconds)
    }

    /// Returns at the end, or when the time is over. Blocks as `wait` does.
    func wait(seconds: Double) {
        let deadline = DispatchTime.now() + seconds
        while !isEnded, shared.wakeUp.wait(timeout: deadline) == .success {}
    }

    private func end(on number: Int32) {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { [shared] in shared.end() }
        source.resume()
        signals.append(source)
    }

    /// A pipe that nobody reads any more says so to `poll`, also while there is nothing to write.
    private func endWithReader() {
        let thread = Thread { [shared] in
            var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            while poll(&descriptor, 1, -1) < 0, errno == EINTR {}
            shared.end()
        }
        thread.name = "reader-watch"
        thread.start()
    }
}

import Foundation
import Synchronization

/// One line on standard error that says how far a long command is: on a terminal only, and erased at the end.
///
/// It is drawn twice a second with the time that has passed, so that a long step is seen to go on. Safe to use from several
/// threads.
package final class ProgressLine: Sendable {
    private struct State {
        var text = ""
        var isEnded = false
        var isDrawn = false
    }

    private static let interval = 0.5
    private static let erase = "\r\u{1B}[K"
    private static let width = 79

    private let isVisible: Bool
    private let begin = ContinuousClock.now
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    package convenience init() {
        self.init(isTerminal: isatty(STDERR_FILENO) == 1, environment: ProcessInfo.processInfo.environment) { text in
            // Progress that nobody can see stops nothing.
            try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
        }
    }

    init(isTerminal: Bool, environment: [String: String], write: @escaping @Sendable (String) -> Void) {
        isVisible = isTerminal && environment["TERM"] != "dumb"
        self.write = write
        guard isVisible else { return }
        // Ends by itself: with the line, or with the process.
        Thread.detachNewThread { [weak self] in
            repeat { Thread.sleep(forTimeInterval: Self.interval) } while self?.draw() == true
        }
    }

    /// What is being done; shown when the line is drawn next.
    package func show(_ text: @autoclosure () -> String) {
        guard isVisible else { return }
        let text = text()
        state.withLock { $0.text = text }
    }

    /// Erases the line.
    package func end() {
        state.withLock { state in
            if state.isDrawn, !state.isEnded { write(Self.erase) }
            state.isEnded = true
        }
    }

    /// False once the line has ended.
    func draw() -> Bool {
        let seconds = (ContinuousClock.now - begin).components.seconds
        return state.withLock { state in
            guard !state.isEnded else { return false }
            if isVisible, !state.text.isEmpty {
                write(Self.erase + "\(state.text) … \(seconds) s".prefix(Self.width))
                state.isDrawn = true
            }
            return true
        }
    }
}

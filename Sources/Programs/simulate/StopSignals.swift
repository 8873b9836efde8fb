import Dispatch
import Foundation
import Synchronization

/// What is to be done when the program is told to stop in mid-run: end its children, remove its evidence, which lies in
/// memory and would stay there.
final class StopSignals: Sendable {
    private let children = Mutex<[Int32]>([])

    /// - Parameter tidyUp: called once, from another thread; the process ends after it.
    init(_ tidyUp: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in  // holds the source, too, for as long as the process lives
                _ = source
                children.withLock { for pid in $0 { kill(pid, SIGTERM) } }
                tidyUp()
                _exit(128 + number)
            }
            source.resume()
        }
    }

    func started(_ child: Process) {
        children.withLock { $0.append(child.processIdentifier) }
    }

    func ended(_ child: Process) {
        children.withLock { $0.removeAll { $0 == child.processIdentifier } }
    }
}

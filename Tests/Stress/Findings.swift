import Synchronization

/// What did not hold, from whichever thread saw it.
final class Findings: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }
    /// Once something was found, everybody stops.
    var isEmpty: Bool { texts.withLock { $0.isEmpty } }

    func add(_ text: String) {
        texts.withLock { $0.append(text) }
    }

    func expect(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds { add(text()) }
    }
}

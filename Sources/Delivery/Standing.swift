import Synchronization

/// Which parts of a service wait for their environment (disk, database, log) to heal, and why.
///
/// A service with a part that stands is alive but not ready: it loses nothing, and gets nowhere.
package final class Standing: Sendable {
    private let reasons = Mutex<[String: String]>([:])

    package init() {}

    /// - Parameter reason: nil once the part goes on.
    func note(_ part: String, because reason: String?) {
        reasons.withLock { $0[part] = reason }
    }

    /// The parts in the order of their names, each with its reason.
    package var parts: [(part: String, reason: String)] {
        reasons.withLock { reasons in reasons.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}

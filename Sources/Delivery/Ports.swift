package import Contracts

/// The world as delivery and services see it. Real in production, seeded in the simulation.
package protocol ServiceClock: Sendable {
    /// For stamps and for people: it may be set, forward and back, at any moment.
    func now() -> Timestamp
    /// For pauses, limits and durations: never set. One machine's processes share it until the next boot.
    func monotonic() -> MonotonicTime
    /// Of the machine's start: where it differs, monotonic times cannot be compared.
    var boot: String { get }
    /// Throws `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

package protocol Randomness: Sendable {
    func next() -> UInt64
}

extension Randomness {
    /// Evenly from 0 up to, not including, 1.
    package func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

/// A file that grows at its end. One process writes it; its calls block.
package protocol AppendOnlyFile: Sendable {
    var path: String { get }
    /// Bytes.
    func length() throws -> Int64
    /// The bytes of a range that lies within the file.
    func read(_ range: Range<Int64>) throws -> [UInt8]
    /// All bytes at the end, or a throw: then any part of them may be there.
    func append(_ bytes: [UInt8]) throws
    /// Returns once everything appended is on disk.
    ///
    /// - Throws: `FileFault.syncFailed`, which is final: what is on disk is unknown.
    func sync() throws
    func truncate(to length: Int64) throws
}

/// A fault of what a port stands for, not of the event or the command at hand.
package protocol EnvironmentFault: Error, CustomStringConvertible {
    /// What is on disk is unknown: the process must end. Otherwise the service stands, and goes on when it can.
    var isFinal: Bool { get }
}

/// What can go wrong with an `AppendOnlyFile`.
package enum FileFault: EnvironmentFault, Equatable {
    case noSpace(path: String)
    case failed(path: String, operation: String, errno: Int32)
    case syncFailed(path: String, errno: Int32)

    package var isFinal: Bool {
        if case .syncFailed = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .noSpace(let path): "no space to append to \(path); free some space"
        case .failed(let path, let operation, let errno): "cannot \(operation) \(path) (errno \(errno))"
        case .syncFailed(let path, let errno):
            "syncing \(path) failed (errno \(errno)): what is on disk is unknown. This is final; restart the service"
        }
    }
}

package import Contracts

/// The world as delivery and services see it. Real in production, seeded in the simulation.
package protocol ServiceClock: Sendable {
    func now() -> Timestamp
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

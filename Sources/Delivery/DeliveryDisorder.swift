/// Delivers worse than a log ever does, for tests: what comes out must be the same.
package struct DeliveryDisorder: Hashable, Sendable {
    /// Every event comes twice.
    package var twice: Bool
    /// Topics come in random interleavings, in batches of random size.
    package var shuffle: Bool
    package var seed: UInt64

    package init(twice: Bool = false, shuffle: Bool = false, seed: UInt64 = 1) {
        self.twice = twice
        self.shuffle = shuffle
        self.seed = seed
    }
}

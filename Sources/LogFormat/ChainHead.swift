/// The end of a topic's hash chain at some moment: kept elsewhere, it proves later that the history up to there is the same.
package struct ChainHead: Hashable, Sendable {
    /// Offset behind the last event.
    package let nextOffset: UInt64
    /// SHA-256 of the last frame.
    package let hash: Hash

    package init(nextOffset: UInt64, hash: Hash) {
        self.nextOffset = nextOffset
        self.hash = hash
    }
}

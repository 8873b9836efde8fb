/// What a position carries besides its offset: the log it belongs to, the frame to go on at, and the hash before it.
///
/// Layout, little-endian (docs/reference/log-format.md, "Positions"): 16-byte topic id, u64 first offset of the segment,
/// u64 place of the frame, 32-byte SHA-256 of the frame before it.
package struct PositionToken: Equatable, Sendable {
    package static let length = 64

    package var topicID: [UInt8]
    /// First offset of the segment.
    package var segment: UInt64
    /// Where the frame begins that holds the offset, or that will.
    package var position: UInt64
    package var previousHash: Hash

    package init(topicID: [UInt8], segment: UInt64, position: UInt64, previousHash: Hash) {
        self.topicID = topicID
        self.segment = segment
        self.position = position
        self.previousHash = previousHash
    }

    package func encode() -> [UInt8] {
        [UInt8](zeros: Self.length) { bytes in
            bytes.put(topicID, at: 0)
            bytes.put(segment, at: 16)
            bytes.put(position, at: 24)
            previousHash.store(to: bytes, at: 32)
        }
    }

    /// Nil for bytes that cannot be a token.
    package init?(_ token: [UInt8]) {
        guard token.count == Self.length else { return nil }
        self = token.withUnsafeBytes { bytes in
            PositionToken(
                topicID: Array(bytes[0..<16]), segment: bytes.number(at: 16), position: bytes.number(at: 24),
                previousHash: Hash(copying: bytes.part(32..<64)))
        }
        guard position >= UInt64(SegmentHeader.length), position % 8 == 0, segment <= Frame.maximumOffset else {
            return nil
        }
    }
}

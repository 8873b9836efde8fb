import Contracts

/// What a position carries besides its offset: the log it belongs to, the frame to go on at, and the hash before it.
struct PositionToken: Equatable {
    var topicID: [UInt8]
    /// First offset of the segment.
    var segment: UInt64
    /// Where the frame begins that holds the offset, or that will.
    var position: UInt64
    var previousHash: Hash

    func encode() -> [UInt8] {
        var bytes = topicID
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: position)
        bytes.append(contentsOf: previousHash.bytes)
        return bytes
    }

    init(topicID: [UInt8], segment: UInt64, position: UInt64, previousHash: Hash) {
        self.topicID = topicID
        self.segment = segment
        self.position = position
        self.previousHash = previousHash
    }

    /// Nil for bytes that cannot be a token.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 64 else { return nil }
        topicID = Array(bytes[..<16])
        (segment, position) = bytes.withUnsafeBytes {
            (
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
        previousHash = Hash(bytes: Array(bytes[32...]))
        guard position >= UInt64(SegmentHeader.length), position % 8 == 0 else { return nil }
    }
}

/// The first 128 bytes of a segment file: which topic, where it begins, and what came before.
///
/// Layout, little-endian (docs/reference/log-format.md, "Segment"):
///
///     0  8   magic "STAMPSEG"
///     8  u32 version (1)      12 u32 CRC-32C of bytes 0..<12 and 16..<128
///     16 16  topic id
///     32 u64 offset of the first event; also the file's name
///     40 u64 bytes used in the segment before, its seal included; 0 in the first
///     48 i64 time of creation, microseconds since 1970
///     56 u64 sequence of the first event
///     64 32  SHA-256 of the frame before (the seal of the segment before), zeros in the first
///     96 32  zeros
package struct SegmentHeader: Equatable, Sendable {
    package static let length = 128
    package static let version: UInt32 = 1
    package static let magic: [UInt8] = Array("STAMPSEG".utf8)

    package var topicID: [UInt8]
    package var baseOffset: UInt64
    package var previousLength: UInt64
    package var created: Int64
    package var baseSequence: UInt64
    package var previousHash: Hash

    package init(
        topicID: [UInt8], baseOffset: UInt64, previousLength: UInt64, created: Int64, baseSequence: UInt64,
        previousHash: Hash
    ) {
        self.topicID = topicID
        self.baseOffset = baseOffset
        self.previousLength = previousLength
        self.created = created
        self.baseSequence = baseSequence
        self.previousHash = previousHash
    }

    package func encode() -> [UInt8] {
        [UInt8](zeros: Self.length) { bytes in
            bytes.put(Self.magic, at: 0)
            bytes.put(Self.version, at: 8)
            bytes.put(topicID, at: 16)
            bytes.put(baseOffset, at: 32)
            bytes.put(previousLength, at: 40)
            bytes.put(created, at: 48)
            bytes.put(baseSequence, at: 56)
            previousHash.store(to: bytes, at: 64)
            bytes.putChecksum(at: 12)
        }
    }

    package init(_ bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count >= Self.length else { throw .short(needs: Self.length, has: bytes.count) }
        let bytes = bytes.part(0..<Self.length)
        guard bytes[0..<8].elementsEqual(Self.magic) else { throw .structure("not a segment file") }
        guard bytes.number(at: 12) as UInt32 == bytes.checksum(without: 12) else { throw .headerChecksum }
        let version: UInt32 = bytes.number(at: 8)
        guard version == Self.version else { throw .unknown("segment version \(version)") }
        guard bytes[96..<128].allSatisfy({ $0 == 0 }) else { throw .unknown("a reserved field in use") }
        self.init(
            topicID: Array(bytes[16..<32]), baseOffset: bytes.number(at: 32), previousLength: bytes.number(at: 40),
            created: bytes.number(at: 48), baseSequence: bytes.number(at: 56),
            previousHash: Hash(copying: bytes.part(64..<96)))
        guard max(baseOffset, previousLength, baseSequence) <= Frame.maximumOffset else {
            throw .structure("offset \(baseOffset), sequence \(baseSequence), \(previousLength) bytes before")
        }
    }
}

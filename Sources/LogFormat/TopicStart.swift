/// Which event is the first that a topic keeps; written when segments are moved to the archive.
///
/// Layout, little-endian (docs/reference/log-format.md, "Start record"): 0 magic "STAMPBEG", 8 u32 version (1),
/// 12 u32 CRC-32C of everything else, 16 16-byte topic id, 32 u64 first offset kept, which is a segment's, 40 u64 zero.
package struct TopicStart: Equatable, Sendable {
    package static let length = 48
    package static let version: UInt32 = 1
    package static let magic: [UInt8] = Array("STAMPBEG".utf8)

    package var topicID: [UInt8]
    package var firstOffset: UInt64

    package init(topicID: [UInt8], firstOffset: UInt64) {
        self.topicID = topicID
        self.firstOffset = firstOffset
    }

    package func encode() -> [UInt8] {
        [UInt8](zeros: Self.length) { bytes in
            bytes.put(Self.magic, at: 0)
            bytes.put(Self.version, at: 8)
            bytes.put(topicID, at: 16)
            bytes.put(firstOffset, at: 32)
            bytes.putChecksum(at: 12)
        }
    }

    /// - Parameter bytes: the whole file.
    package init(_ bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count == Self.length else { throw .short(needs: Self.length, has: bytes.count) }
        guard bytes[0..<8].elementsEqual(Self.magic) else { throw .structure("not a start record") }
        guard bytes.number(at: 12) as UInt32 == bytes.checksum(without: 12) else { throw .headerChecksum }
        let version: UInt32 = bytes.number(at: 8)
        guard version == Self.version else { throw .unknown("start record version \(version)") }
        guard bytes.number(at: 40) as UInt64 == 0 else { throw .unknown("a reserved field in use") }
        self.init(topicID: Array(bytes[16..<32]), firstOffset: bytes.number(at: 32))
        guard firstOffset <= Frame.maximumOffset else { throw .structure("first offset \(firstOffset)") }
    }
}

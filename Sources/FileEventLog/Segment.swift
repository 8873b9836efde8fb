import CPlatform
import Contracts
import EventLog

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

    package func encode() -> [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: Self.version)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(contentsOf: topicID)
        bytes.append(littleEndian: baseOffset)
        bytes.append(littleEndian: previousLength)
        bytes.append(littleEndian: created)
        bytes.append(littleEndian: baseSequence)
        bytes.append(contentsOf: previousHash.bytes)
        bytes.append(contentsOf: repeatElement(0, count: Self.length - bytes.count))
        let checksum = bytes.withUnsafeBytes { Self.checksum($0) }
        bytes.replaceSubrange(12..<16, with: withUnsafeBytes(of: checksum.littleEndian, Array.init))
        return bytes
    }

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

    package init(_ bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count >= Self.length else { throw .short(needs: Self.length, has: bytes.count) }
        guard Array(bytes[0..<8]) == Self.magic else { throw .structure("not a segment file") }
        func load<Value: FixedWidthInteger>(_ offset: Int, as _: Value.Type = Value.self) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard load(12) as UInt32 == Self.checksum(bytes) else { throw .headerChecksum }
        guard load(8) as UInt32 == Self.version else { throw .unknown("segment version \(load(8) as UInt32)") }
        guard bytes[96..<128].allSatisfy({ $0 == 0 }) else { throw .unknown("a reserved field in use") }
        guard load(32) <= Frame.maximumOffset, load(40) <= Frame.maximumOffset, load(56) <= Frame.maximumOffset else {
            throw .structure("offset \(load(32) as UInt64), sequence \(load(56) as UInt64)")
        }
        topicID = Array(bytes[16..<32])
        baseOffset = load(32)
        previousLength = load(40)
        created = load(48)
        baseSequence = load(56)
        previousHash = Hash(bytes: Array(bytes[64..<96]))
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let first = stampede_crc32c(0, bytes.baseAddress, 12)
        return stampede_crc32c(first, bytes.baseAddress! + 16, length - 16)
    }
}

/// Where a topic's files lie.
struct TopicFiles: Sendable {
    let topic: Topic
    let directory: String

    init(topic: Topic, logDirectory: String) {
        self.topic = topic
        directory = logDirectory + "/" + topic.name
    }

    var commitPage: String { directory + "/commit" }
    var quarantine: String { directory + "/quarantine" }

    func segment(_ baseOffset: UInt64) -> String {
        let digits = String(baseOffset)
        return directory + "/" + String(repeating: "0", count: 20 - digits.count) + digits + ".segment"
    }

    /// First offsets of the segments there are, from the names; files with other names are not segments.
    func segmentOffsets(_ disk: any Disk) throws(DiskError) -> [UInt64] {
        try disk.list(directory).compactMap { name in
            guard name.hasSuffix(".segment"), name.utf8.count == 28 else { return nil }
            return UInt64(name.dropLast(8))
        }
    }

    func readHeader(_ file: any DiskFile, path: String) throws -> SegmentHeader {
        do {
            return try file.read(SegmentHeader.length, at: 0).withUnsafeBytes { try SegmentHeader($0) }
        } catch let fault as FrameFault {
            throw LogError.corrupt(topic: topic, file: path, byte: 0, reason: fault.description)
        } catch let error as DiskError {
            throw error.asLogError(topic)
        }
    }
}

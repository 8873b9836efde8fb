import CPlatform
import Contracts
import Crypto

/// The unit of writing, syncing and checking: a header, then the events of one group commit.
///
/// Layout, little-endian, 8-aligned (docs/reference/log-format.md, "Frame"):
///
///     0  4   magic "SLF1"
///     4  u32 length of the frame, padding included; a multiple of 8
///     8  u32 CRC-32C of bytes 0..<8 and 12..<96
///     12 u32 CRC-32C of bytes 96..<length
///     16 u8  version (1)      17 u8 kind      18 u16 flags (0)
///     20 u32 number of events
///     24 u64 offset of the first event, or of the next where there is none
///     32 u32 writer epoch     36 u32 zero
///     40 i64 time of the append, microseconds since 1970, never falling
///     48 u64 producer id      56 u64 sequence of the first event, or of the next where there is none
///     64 32  SHA-256 of the frame before
///     96     events: u32 length, bytes; then zeros up to the length
///
/// The header has its own checksum so that a flipped bit in the length is told from a torn tail.
package struct Frame {
    package enum Kind: UInt8, Sendable {
        case events = 0
        /// The last frame of a segment that is full.
        case seal = 1
        /// A writer took over with a higher epoch.
        case writerOpened = 2
    }

    package static let headerLength = 96
    package static let version: UInt8 = 1
    package static let magic = UInt32(littleEndian: 0x3146_4C53)  // "SLF1"
    /// Largest frame, in bytes.
    package static let maximumLength = 1 << 20
    /// Largest offset or sequence: more is a mistake, and sums of them must not overflow.
    package static let maximumOffset = UInt64(1) << 62

    package var kind: Kind
    package var eventCount: Int
    package var baseOffset: UInt64
    package var epoch: UInt32
    package var time: Int64
    package var producerID: UInt64
    package var baseSequence: UInt64
    package var previousHash: Hash
    /// Padding included.
    package var length: Int

    package var nextOffset: UInt64 { baseOffset + UInt64(eventCount) }
    package var nextSequence: UInt64 { baseSequence + UInt64(eventCount) }

    /// Whether a commit page that vouches for the events before `offset` vouches for this frame too.
    ///
    /// A frame without events is known to be on disk once an event behind it is.
    func isCommitted(before offset: UInt64) -> Bool {
        eventCount > 0 ? nextOffset <= offset : nextOffset < offset
    }

    /// Bytes that `events` take in a frame.
    package static func length(of events: some Collection<[UInt8]>) -> Int {
        events.reduce(headerLength) { $0 + 4 + $1.count }.roundedUp(to: 8)
    }
}

/// A SHA-256 digest, as 32 bytes.
package struct Hash: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package static let zero = Hash(bytes: [UInt8](repeating: 0, count: 32))

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(of data: UnsafeRawBufferPointer) {
        var sha = SHA256()
        sha.update(bufferPointer: data)
        bytes = Array(sha.finalize())
    }

    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Why bytes are no frame.
package enum FrameFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing was written here: the rest of the header's place is zeros.
    case blank
    case short(needs: Int, has: Int)
    case magic
    case headerChecksum
    case payloadChecksum
    case unknown(String)
    case structure(String)

    package var description: String {
        switch self {
        case .blank: "nothing written"
        case .short(let needs, let has): "the frame needs \(needs) bytes, the file has \(has)"
        case .magic: "no frame begins here"
        case .headerChecksum: "header checksum does not match"
        case .payloadChecksum: "payload checksum does not match"
        case .unknown(let what): "\(what), which this program does not know"
        case .structure(let what): what
        }
    }
}

// MARK: - Writing

extension Frame {
    package func encode(_ events: some Collection<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: UInt32(length))
        bytes.append(littleEndian: UInt64(0))  // checksums
        bytes.append(Self.version)
        bytes.append(kind.rawValue)
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: UInt32(eventCount))
        bytes.append(littleEndian: baseOffset)
        bytes.append(littleEndian: epoch)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: time)
        bytes.append(littleEndian: producerID)
        bytes.append(littleEndian: baseSequence)
        bytes.append(contentsOf: previousHash.bytes)
        for event in events {
            bytes.append(littleEndian: UInt32(event.count))
            bytes.append(contentsOf: event)
        }
        bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
        bytes.withUnsafeMutableBytes { buffer in
            let payload = Self.payloadChecksum(UnsafeRawBufferPointer(buffer))
            buffer.storeBytes(of: payload.littleEndian, toByteOffset: 12, as: UInt32.self)
            let header = Self.headerChecksum(UnsafeRawBufferPointer(buffer))
            buffer.storeBytes(of: header.littleEndian, toByteOffset: 8, as: UInt32.self)
        }
        return bytes
    }

    fileprivate static func headerChecksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        let first = stampede_crc32c(0, frame.baseAddress, 8)
        return stampede_crc32c(first, frame.baseAddress! + 12, headerLength - 12)
    }

    fileprivate static func payloadChecksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        stampede_crc32c(0, frame.baseAddress! + headerLength, frame.count - headerLength)
    }
}

// MARK: - Reading

extension Frame {
    /// Reads the header alone: enough to hop to the next frame.
    package init(header bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count >= Self.headerLength else { throw .short(needs: Self.headerLength, has: bytes.count) }
        func load<Value: FixedWidthInteger>(_ offset: Int, as _: Value.Type = Value.self) -> Value {
            Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<Self.headerLength])
        guard load(0) as UInt32 == Self.magic else {
            throw header.allSatisfy({ $0 == 0 }) ? .blank : .magic
        }
        guard load(8) as UInt32 == Self.headerChecksum(header) else { throw .headerChecksum }
        guard bytes[16] == Self.version else { throw .unknown("frame version \(bytes[16])") }
        guard let kind = Kind(rawValue: bytes[17]) else { throw .unknown("frame kind \(bytes[17])") }
        guard load(18) as UInt16 == 0 else { throw .unknown("frame flags \(load(18) as UInt16)") }
        guard load(36) as UInt32 == 0 else { throw .unknown("a reserved field in use") }
        self.kind = kind
        length = Int(load(4) as UInt32)
        eventCount = Int(load(20) as UInt32)
        baseOffset = load(24)
        epoch = load(32)
        time = load(40)
        producerID = load(48)
        baseSequence = load(56)
        previousHash = Hash(bytes: Array(bytes[64..<96]))
        guard length >= Self.headerLength, length <= Self.maximumLength, length % 8 == 0 else {
            throw .structure("frame length \(length)")
        }
        guard kind == .events ? eventCount > 0 : length == Self.headerLength,
            eventCount <= (length - Self.headerLength) / 4
        else { throw .structure("\(kind) frame with \(eventCount) events in \(length) bytes") }
        guard baseOffset <= Self.maximumOffset, baseSequence <= Self.maximumOffset else {
            throw .structure("offset \(baseOffset), sequence \(baseSequence)")
        }
    }

    /// Checks the payload of a frame that is whole in memory.
    package func checkPayload(_ frame: UnsafeRawBufferPointer) throws(FrameFault) {
        guard frame.count >= length else { throw .short(needs: length, has: frame.count) }
        let whole = UnsafeRawBufferPointer(rebasing: frame[..<length])
        let stored = UInt32(littleEndian: whole.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        guard Self.payloadChecksum(whole) == stored else { throw .payloadChecksum }
    }

    /// The events of a frame whose payload was checked.
    package func events(_ frame: UnsafeRawBufferPointer) throws(FrameFault) -> [[UInt8]] {
        var events: [[UInt8]] = []
        events.reserveCapacity(eventCount)
        var cursor = Self.headerLength
        for index in 0..<eventCount {
            guard length - cursor >= 4 else {
                throw .structure("event \(index) of \(eventCount) lies outside the frame")
            }
            let count = Int(UInt32(littleEndian: frame.loadUnaligned(fromByteOffset: cursor, as: UInt32.self)))
            cursor += 4
            guard length - cursor >= count else {
                throw .structure("event \(index) of \(eventCount) lies outside the frame")
            }
            events.append([UInt8](frame[cursor..<cursor + count]))
            cursor += count
        }
        guard length - cursor < 8, frame[cursor..<length].allSatisfy({ $0 == 0 }) else {
            throw .structure("\(length - cursor) bytes after the last event")
        }
        return events
    }
}

extension Int {
    func roundedUp(to multiple: Int) -> Int {
        (self + multiple - 1) / multiple * multiple
    }
}

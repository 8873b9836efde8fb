import CPlatform

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
    package func isCommitted(before offset: UInt64) -> Bool {
        eventCount > 0 ? nextOffset <= offset : nextOffset < offset
    }

    /// Bytes that `events` take in a frame.
    package static func length(of events: ArraySlice<[UInt8]>) -> Int {
        var length = headerLength
        for event in events { length += 4 + event.count }
        return length.roundedUp(to: 8)
    }

    package init(
        kind: Kind, eventCount: Int, baseOffset: UInt64, epoch: UInt32, time: Int64, producerID: UInt64,
        baseSequence: UInt64, previousHash: Hash, length: Int
    ) {
        self.kind = kind
        self.eventCount = eventCount
        self.baseOffset = baseOffset
        self.epoch = epoch
        self.time = time
        self.producerID = producerID
        self.baseSequence = baseSequence
        self.previousHash = previousHash
        self.length = length
    }
}

// MARK: - Writing

extension Frame {
    package func encode(_ events: ArraySlice<[UInt8]>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            encode(
                events, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<length]))
            count = length
        }
    }

    /// - Parameter bytes: exactly as many as the frame's length.
    package func encode(_ events: ArraySlice<[UInt8]>, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == length, "a frame of \(length) bytes in \(bytes.count)")
        bytes.put(Self.magic, at: 0)
        bytes.put(UInt32(length), at: 4)
        bytes.put(UInt64(0), at: 8)  // the checksums come last
        bytes.put(Self.version, at: 16)
        bytes.put(kind.rawValue, at: 17)
        bytes.put(UInt16(0), at: 18)
        bytes.put(UInt32(eventCount), at: 20)
        bytes.put(baseOffset, at: 24)
        bytes.put(epoch, at: 32)
        bytes.put(UInt32(0), at: 36)
        bytes.put(time, at: 40)
        bytes.put(producerID, at: 48)
        bytes.put(baseSequence, at: 56)
        previousHash.store(to: bytes, at: 64)
        var cursor = Self.headerLength
        for event in events {
            bytes.put(UInt32(event.count), at: cursor)
            bytes.put(event, at: cursor + 4)
            cursor += 4 + event.count
        }
        while cursor < length {
            bytes[cursor] = 0
            cursor += 1
        }
        bytes.put(Self.payloadChecksum(UnsafeRawBufferPointer(bytes)), at: 12)
        bytes.put(Self.headerChecksum(UnsafeRawBufferPointer(bytes)), at: 8)
    }

    private static func headerChecksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        frame.part(0..<headerLength).checksum(without: 8)
    }

    private static func payloadChecksum(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        stampede_crc32c(0, frame.baseAddress! + headerLength, frame.count - headerLength)
    }
}

// MARK: - Reading

extension Frame {
    /// Reads the header alone: enough to hop to the next frame.
    package init(header bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count >= Self.headerLength else { throw .short(needs: Self.headerLength, has: bytes.count) }
        let header = bytes.part(0..<Self.headerLength)
        guard header.number(at: 0) as UInt32 == Self.magic else {
            throw header.allSatisfy({ $0 == 0 }) ? .blank : .magic
        }
        guard header.number(at: 8) as UInt32 == Self.headerChecksum(header) else { throw .headerChecksum }
        guard header[16] == Self.version else { throw .unknown("frame version \(header[16])") }
        guard let kind = Kind(rawValue: header[17]) else { throw .unknown("frame kind \(header[17])") }
        let flags: UInt16 = header.number(at: 18)
        guard flags == 0 else { throw .unknown("frame flags \(flags)") }
        guard header.number(at: 36) as UInt32 == 0 else { throw .unknown("a reserved field in use") }
        self.init(
            kind: kind, eventCount: Int(header.number(at: 20) as UInt32), baseOffset: header.number(at: 24),
            epoch: header.number(at: 32), time: header.number(at: 40), producerID: header.number(at: 48),
            baseSequence: header.number(at: 56), previousHash: Hash(copying: header.part(64..<96)),
            length: Int(header.number(at: 4) as UInt32))
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
        let whole = frame.part(0..<length)
        guard Self.payloadChecksum(whole) == whole.number(at: 12) as UInt32 else { throw .payloadChecksum }
    }

    /// The events of a frame whose payload was checked: slices of one array.
    package func events(_ frame: UnsafeRawBufferPointer) throws(FrameFault) -> [ArraySlice<UInt8>] {
        guard frame.count >= length else { throw .short(needs: length, has: frame.count) }
        let payload = [UInt8](frame.part(Self.headerLength..<length))
        var events: [ArraySlice<UInt8>] = []
        events.reserveCapacity(eventCount)
        var cursor = 0
        for index in 0..<eventCount {
            guard payload.count - cursor >= 4 else {
                throw .structure("event \(index) of \(eventCount) lies outside the frame")
            }
            let count = Int(frame.number(at: Self.headerLength + cursor) as UInt32)
            cursor += 4
            guard payload.count - cursor >= count else {
                throw .structure("event \(index) of \(eventCount) lies outside the frame")
            }
            events.append(payload[cursor..<cursor + count])
            cursor += count
        }
        guard payload.count - cursor < 8, payload[cursor...].allSatisfy({ $0 == 0 }) else {
            throw .structure("\(payload.count - cursor) bytes after the last event")
        }
        return events
    }
}

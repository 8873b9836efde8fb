/// Where to begin reading in a sealed segment: every 64 KiB or so a frame's first offset, its place, and the hash before it.
///
/// Never trusted: a reader that follows an entry checks the frame it finds there, hash included, and goes without the
/// index where the two disagree. The scrub makes it anew from the segment where it is missing or wrong.
///
/// Layout, little-endian (docs/reference/log-format.md, "Index"):
///
///     0  8   magic "STAMPIDX"
///     8  u32 version (1)      12 u32 CRC-32C of everything else
///     16 16  topic id
///     32 u64 first offset of the segment      40 u64 offset behind its seal
///     48 32  SHA-256 of the seal
///     80 u32 number of entries                84 u32 zero
///     88     entries: u64 offset, u64 place, 32-byte SHA-256 of the frame before; both rising
package struct SegmentIndex: Equatable, Sendable {
    package static let headerLength = 88
    package static let entryLength = 48
    package static let version: UInt32 = 1
    package static let magic: [UInt8] = Array("STAMPIDX".utf8)
    /// Bytes of the segment between two entries, at least.
    package static let spacing: UInt64 = 64 << 10
    /// More entries than a segment of 1 GiB can need.
    package static let maximumEntries = 1 << 16

    package struct Entry: Equatable, Sendable {
        /// First offset of the frame.
        package var offset: UInt64
        /// Where the frame begins in the segment's file.
        package var position: UInt64
        package var previousHash: Hash

        package init(offset: UInt64, position: UInt64, previousHash: Hash) {
            self.offset = offset
            self.position = position
            self.previousHash = previousHash
        }
    }

    package var topicID: [UInt8]
    package var baseOffset: UInt64
    package private(set) var nextOffset: UInt64
    package private(set) var sealHash: Hash
    package private(set) var entries: [Entry] = []

    package init(topicID: [UInt8], baseOffset: UInt64) {
        self.topicID = topicID
        self.baseOffset = baseOffset
        nextOffset = baseOffset
        sealHash = .zero
    }

    /// Takes note of the next frame: of one with events, if the last entry is far enough behind; of the seal, as the end.
    package mutating func note(_ frame: Frame, at position: UInt64, hash: Hash) {
        if frame.kind == .seal {
            nextOffset = frame.nextOffset
            sealHash = hash
        }
        guard frame.kind == .events, entries.count < Self.maximumEntries,
            position >= (entries.last?.position ?? UInt64(SegmentHeader.length)) + Self.spacing
        else { return }
        entries.append(Entry(offset: frame.baseOffset, position: position, previousHash: frame.previousHash))
    }

    /// The last entry at or before an offset; nil where reading begins at the segment's first frame.
    package func entry(for offset: UInt64) -> Entry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? entries[low - 1] : nil
    }

    // MARK: - Bytes

    package func encode() -> [UInt8] {
        [UInt8](zeros: Self.headerLength + entries.count * Self.entryLength) { bytes in
            bytes.put(Self.magic, at: 0)
            bytes.put(Self.version, at: 8)
            bytes.put(topicID, at: 16)
            bytes.put(baseOffset, at: 32)
            bytes.put(nextOffset, at: 40)
            sealHash.store(to: bytes, at: 48)
            bytes.put(UInt32(entries.count), at: 80)
            for (index, entry) in entries.enumerated() {
                let place = Self.headerLength + index * Self.entryLength
                bytes.put(entry.offset, at: place)
                bytes.put(entry.position, at: place + 8)
                entry.previousHash.store(to: bytes, at: place + 16)
            }
            bytes.putChecksum(at: 12)
        }
    }

    /// - Parameter bytes: the whole file.
    package init(_ bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        guard bytes.count >= Self.headerLength else { throw .short(needs: Self.headerLength, has: bytes.count) }
        guard bytes[0..<8].elementsEqual(Self.magic) else { throw .structure("not an index") }
        guard bytes.number(at: 12) as UInt32 == bytes.checksum(without: 12) else { throw .headerChecksum }
        let version: UInt32 = bytes.number(at: 8)
        guard version == Self.version else { throw .unknown("index version \(version)") }
        guard bytes.number(at: 84) as UInt32 == 0 else { throw .unknown("a reserved field in use") }
        self.init(topicID: Array(bytes[16..<32]), baseOffset: bytes.number(at: 32))
        nextOffset = bytes.number(at: 40)
        sealHash = Hash(copying: bytes.part(48..<80))
        let count = Int(bytes.number(at: 80) as UInt32)
        guard count <= Self.maximumEntries, bytes.count == Self.headerLength + count * Self.entryLength else {
            throw .structure("\(count) entries in \(bytes.count) bytes")
        }
        guard baseOffset <= nextOffset, nextOffset <= Frame.maximumOffset else {
            throw .structure("offsets \(baseOffset) to \(nextOffset)")
        }
        try readEntries(count, bytes)
    }

    private mutating func readEntries(_ count: Int, _ bytes: UnsafeRawBufferPointer) throws(FrameFault) {
        var last = (offset: baseOffset, position: UInt64(SegmentHeader.length))
        for index in 0..<count {
            let place = Self.headerLength + index * Self.entryLength
            let entry = Entry(
                offset: bytes.number(at: place), position: bytes.number(at: place + 8),
                previousHash: Hash(copying: bytes.part(place + 16..<place + Self.entryLength)))
            guard entry.offset >= last.offset, entry.offset < nextOffset, entry.position > last.position,
                entry.position % 8 == 0, entry.position <= Frame.maximumOffset
            else { throw .structure("entry \(index): offset \(entry.offset) at byte \(entry.position)") }
            entries.append(entry)
            last = (entry.offset, entry.position)
        }
    }
}

import EventLog

/// One segment file, read ahead through a buffer.
///
/// *Guarantee*: a frame comes out of the buffer only if the commit page vouched for it when the buffer was filled.
/// *Why*: bytes read earlier may be an append on its way, which a crash can still take back.
struct SegmentReader {
    let path: String
    let header: SegmentHeader
    private let file: any DiskFile
    private var buffer: [UInt8] = []
    private var bufferStart: UInt64 = 0
    /// What the commit page said before the buffer was filled.
    private var bufferCommitted: UInt64 = 0

    /// A frame that checked out by itself; whether it continues the one before is the caller's to check.
    struct Loaded {
        let frame: Frame
        let hash: Hash
        let events: [[UInt8]]
    }

    /// Bytes read at a time: little where the reader follows the writer, much where it has to catch up.
    private static let readAheadNearEnd = 16 * 1024
    private static let readAhead = 256 * 1024

    init(_ files: TopicFiles, baseOffset: UInt64, topicID: [UInt8], disk: any Disk) throws {
        path = files.segment(baseOffset)
        do {
            file = try disk.open(path, .read)
        } catch {
            guard error.isMissing else { throw error.asLogError(files.topic) }
            throw LogError.corrupt(topic: files.topic, file: path, byte: 0, reason: "the segment is missing")
        }
        do {
            header = try files.readHeader(file, path: path)
            guard header.topicID == topicID else {
                throw LogError.corrupt(
                    topic: files.topic, file: path, byte: 16, reason: "the segment belongs to another topic")
            }
            guard header.baseOffset == baseOffset else {
                throw LogError.corrupt(
                    topic: files.topic, file: path, byte: 32,
                    reason: "the header begins at offset \(header.baseOffset), the name says \(baseOffset)")
            }
        } catch {
            file.close()
            throw error
        }
    }

    func size() throws(DiskError) -> UInt64 {
        try file.size()
    }

    func close() {
        file.close()
    }

    /// The frame at a position.
    ///
    /// - Parameters:
    ///   - nextOffset: what the reader waits for; with `committed`, how far behind it is.
    ///   - committed: what the commit page says now; taken before this call.
    /// - Throws: `FrameFault`, `DiskError`.
    mutating func frame(at position: UInt64, nextOffset: UInt64, committed: UInt64) throws -> Loaded {
        if let loaded = try? decode(at: position, isFresh: false) { return loaded }
        let near = committed - min(nextOffset, committed) <= 32
        try fill(from: position, count: near ? Self.readAheadNearEnd : Self.readAhead, committed: committed)
        do {
            return try decode(at: position, isFresh: true)
        } catch FrameFault.short(let needs, _) where needs > buffer.count {
            try fill(from: position, count: needs, committed: committed)
            return try decode(at: position, isFresh: true)
        }
    }

    private mutating func fill(from position: UInt64, count: Int, committed: UInt64) throws(DiskError) {
        bufferCommitted = committed
        bufferStart = position
        buffer = try file.read(count, at: position)
    }

    private func decode(at position: UInt64, isFresh: Bool) throws(FrameFault) -> Loaded {
        guard position >= bufferStart, position - bufferStart <= UInt64(buffer.count) else {
            throw .short(needs: Frame.headerLength, has: 0)
        }
        let start = Int(position - bufferStart)
        let result = buffer.withUnsafeBytes { buffer in
            Result { () throws(FrameFault) in
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[start...])
                let frame = try Frame(header: bytes)
                guard isFresh || frame.isCommitted(before: bufferCommitted) else {
                    throw .short(needs: frame.length, has: 0)
                }
                try frame.checkPayload(bytes)
                let whole = UnsafeRawBufferPointer(rebasing: bytes[..<frame.length])
                return Loaded(frame: frame, hash: Hash(of: whole), events: try frame.events(whole))
            }
        }
        return try result.get()
    }
}

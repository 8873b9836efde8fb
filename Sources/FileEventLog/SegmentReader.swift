import Contracts
import EventLog
import LogFormat

/// One segment file, read ahead through a buffer.
///
/// *Guarantee*: a frame comes out of the buffer only if the commit page vouched for it when the buffer was filled.
/// *Why*: bytes read earlier may be an append on its way, which a crash can still take back.
struct SegmentReader {
    let path: String
    let header: SegmentHeader
    private let file: any DiskFile
    private let buffer = ReadBuffer()
    private var bufferStart: UInt64 = 0
    /// What the commit page said before the buffer was filled.
    private var bufferCommitted: UInt64 = 0

    /// A frame that checked out by itself; whether it continues the one before is the caller's to check.
    struct Loaded {
        let frame: Frame
        let hash: Hash
        let events: [ArraySlice<UInt8>]
    }

    /// Bytes read at a time: little where the reader follows the writer, much where it has to catch up.
    private static let readAheadNearEnd = 16 * 1024
    private static let readAhead = 256 * 1024

    init(_ files: TopicFiles, baseOffset: UInt64, topicID: [UInt8], disk: any Disk) throws {
        let found: (path: String, file: any DiskFile)
        do {
            found = try files.openSegment(baseOffset, disk)
        } catch {
            throw error.isMissing ? files.missing(baseOffset) : error.asLogError(files.topic)
        }
        (path, file) = found
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
        if let loaded = try loadBuffered(at: position) { return loaded }
        let near = committed - min(nextOffset, committed) <= 32
        try fill(from: position, count: near ? Self.readAheadNearEnd : Self.readAhead, committed: committed)
        do {
            return try load(at: position)
        } catch FrameFault.short(let needs, _) where needs > buffer.count {
            try fill(from: position, count: needs, committed: committed)
            return try load(at: position)
        }
    }

    private mutating func fill(from position: UInt64, count: Int, committed: UInt64) throws(DiskError) {
        bufferCommitted = committed
        bufferStart = position
        try buffer.fill(from: file, at: position, count: count)
    }

    /// The frame, where it lies whole in the buffer and was committed when the buffer was filled. Nil where it does not,
    /// or does not check out: what was read too early is read again.
    private func loadBuffered(at position: UInt64) throws -> Loaded? {
        guard let bytes = bytes(from: position), bytes.count >= Frame.headerLength,
            let frame = try? Frame(header: bytes), frame.isCommitted(before: bufferCommitted),
            bytes.count >= frame.length
        else { return nil }
        return try? Self.load(frame, bytes)
    }

    private func load(at position: UInt64) throws(FrameFault) -> Loaded {
        guard let bytes = bytes(from: position) else { throw .short(needs: Frame.headerLength, has: 0) }
        return try Self.load(Frame(header: bytes), bytes)
    }

    private static func load(_ frame: Frame, _ bytes: UnsafeRawBufferPointer) throws(FrameFault) -> Loaded {
        #if MUTANTS
            if !Mutant.checksumIgnored.isOn || bytes.count < frame.length { try frame.checkPayload(bytes) }
        #else
            try frame.checkPayload(bytes)
        #endif
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<frame.length])
        return Loaded(frame: frame, hash: Hash(of: whole), events: try frame.events(whole))
    }

    /// What the buffer holds from a position on; nil where it does not reach there.
    private func bytes(from position: UInt64) -> UnsafeRawBufferPointer? {
        guard position >= bufferStart, position - bufferStart <= UInt64(buffer.count) else { return nil }
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[Int(position - bufferStart)...])
    }
}

/// Memory for reading ahead, used again for every read. Belongs to one reader.
private final class ReadBuffer {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        memory.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func fill(from file: any DiskFile, at offset: UInt64, count wanted: Int) throws(DiskError) {
        count = 0
        if memory.count < wanted {
            memory.deallocate()
            memory = .allocate(byteCount: wanted, alignment: 16)
        }
        count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted]), at: offset)
    }
}

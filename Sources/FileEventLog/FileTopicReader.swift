import Contracts
import EventLog

/// Reads a topic frame by frame, never past what the commit page says is on disk, and checks everything it reads.
final class FileTopicReader: TopicReader {
    private let files: TopicFiles
    private let disk: any Disk
    private var resume: Position?
    private var commitPage: CommitPage?
    private var segment: OpenSegment?
    /// Events of a frame that was read but not handed out whole.
    private var pending: ArraySlice<[UInt8]> = []
    private var nextOffset: UInt64

    private struct OpenSegment {
        let file: any DiskFile
        let header: SegmentHeader
        let path: String
        /// Where the frame that holds `nextOffset`, or the next frame, begins.
        var position: UInt64
        var previousHash: Hash
        /// The frame after `position`, once its events are handed out.
        var following: (position: UInt64, hash: Hash)?
        var buffer: [UInt8] = []
        var bufferStart: UInt64 = 0
    }

    /// Bytes read from the file at a time.
    private static let readAhead = 256 * 1024

    init(files: TopicFiles, disk: any Disk, from position: Position?) {
        self.files = files
        self.disk = disk
        resume = position
        nextOffset = position?.nextOffset ?? 0
    }

    deinit {
        close()
    }

    var position: Position {
        guard let segment, let commitPage else { return resume ?? Position(nextOffset: nextOffset, token: []) }
        let token = PositionToken(
            topicID: commitPage.topicID, segment: segment.header.baseOffset, position: segment.position,
            previousHash: segment.previousHash)
        return Position(nextOffset: nextOffset, token: token.encode())
    }

    func end() throws -> UInt64 {
        try openCommitPage()?.committed ?? 0
    }

    func read(maximumEvents: Int, maximumBytes: Int) throws -> [LoggedEvent] {
        guard let commitPage = try openCommitPage() else {
            guard nextOffset == 0 else {
                throw LogError.acknowledgedDataLost(topic: files.topic, end: 0, expected: nextOffset, witness: "this reader")
            }
            return []
        }
        let committed = commitPage.committed
        guard nextOffset <= committed else {
            throw LogError.acknowledgedDataLost(
                topic: files.topic, end: committed, expected: nextOffset, witness: "this reader")
        }
        var events: [LoggedEvent] = []
        var bytes = 0
        while events.count < maximumEvents, bytes <= maximumBytes {
            if pending.isEmpty {
                guard nextOffset < committed else { break }
                try readFrame(committed: committed)
                continue
            }
            let event = pending.removeFirst()
            events.append(LoggedEvent(topic: files.topic, offset: nextOffset, bytes: event))
            bytes += event.count
            nextOffset += 1
            if pending.isEmpty { stepOver() }
        }
        return events
    }

    /// Goes to an offset by hopping over frame headers; for readers that come without a position.
    ///
    /// - Throws: `LogError.foreignPosition` where the offset is before the first segment kept, or past the end.
    func seek(to offset: UInt64) throws {
        let committed = try end()
        guard offset <= committed else {
            throw LogError.foreignPosition(topic: files.topic, offset: offset, reason: "the topic ends at \(committed)")
        }
        let segments = try segmentOffsets()
        guard let base = segments.last(where: { $0 <= offset }) else {
            throw LogError.foreignPosition(
                topic: files.topic, offset: offset, reason: "the first event kept is \(segments.first.map(String.init) ?? "none")")
        }
        try open(segment: base, at: nil)
        nextOffset = base
        pending = []
        while nextOffset < offset {
            try readFrame(committed: committed)
            let skip = min(UInt64(pending.count), offset - nextOffset)
            pending = pending.dropFirst(Int(skip))
            nextOffset += skip
            if pending.isEmpty { stepOver() }
        }
    }

    func close() {
        segment?.file.close()
        segment = nil
    }

    // MARK: - Opening

    private func openCommitPage() throws -> CommitPage? {
        if let commitPage { return commitPage }
        guard disk.exists(files.commitPage) else {
            if !(try segmentOffsets()).isEmpty {
                throw LogError.corrupt(
                    topic: files.topic, file: files.commitPage, byte: 0,
                    reason: "the commit page is missing; the topic's owner makes it anew when it starts")
            }
            return nil
        }
        commitPage = try CommitPage(files, disk, .read)
        return commitPage
    }

    private func segmentOffsets() throws -> [UInt64] {
        do {
            return try files.segmentOffsets(disk)
        } catch {
            throw error.asLogError(files.topic)
        }
    }

    private func open(segment base: UInt64, at place: (position: UInt64, hash: Hash)?) throws {
        close()
        let path = files.segment(base)
        do {
            let file = try disk.open(path, .read)
            do {
                let header = try files.readHeader(file, path: path)
                guard header.baseOffset == base, header.topicID == commitPage?.topicID else {
                    throw LogError.corrupt(
                        topic: files.topic, file: path, byte: 16, reason: "the segment's header is of another topic or offset")
                }
                segment = OpenSegment(
                    file: file, header: header, path: path, position: place?.position ?? UInt64(SegmentHeader.length),
                    previousHash: place?.hash ?? header.previousHash)
            } catch {
                file.close()
                throw error
            }
        } catch let error as DiskError {
            if error.errno == 2 {
                throw LogError.corrupt(topic: files.topic, file: path, byte: 0, reason: "the segment is missing")
            }
            throw error.asLogError(files.topic)
        }
    }

    /// Opens where the position says, and makes sure that it belongs to this log.
    private func openFirst() throws {
        guard let resume, !resume.token.isEmpty else {
            let segments = try segmentOffsets()
            guard let first = segments.first else {
                throw LogError.acknowledgedDataLost(
                    topic: files.topic, end: 0, expected: try end(), witness: "the commit page")
            }
            guard nextOffset >= first else {
                throw LogError.foreignPosition(
                    topic: files.topic, offset: nextOffset, reason: "the first event kept is \(first)")
            }
            if nextOffset > first { try seek(to: nextOffset) } else { try open(segment: first, at: nil) }
            return
        }
        guard let token = PositionToken(resume.token), token.topicID == commitPage?.topicID else {
            throw LogError.foreignPosition(
                topic: files.topic, offset: resume.nextOffset, reason: "it was made by another log")
        }
        try open(segment: token.segment, at: (token.position, token.previousHash))
    }

    // MARK: - Frames

    /// Reads frames until one holds `nextOffset`, and puts its events into `pending`.
    private func readFrame(committed: UInt64) throws {
        if segment == nil { try openFirst() }
        while pending.isEmpty {
            guard var current = segment else { return }
            func corrupt(_ reason: String) -> LogError {
                .corrupt(topic: files.topic, file: current.path, byte: current.position, reason: reason)
            }
            do {
                let (frame, hash, events) = try load(&current)
                guard frame.previousHash == current.previousHash else {
                    throw corrupt("the hash chain is broken: the frame before was changed or removed")
                }
                let skip = nextOffset &- frame.baseOffset
                guard frame.baseOffset <= nextOffset, skip <= UInt64(frame.eventCount), frame.nextOffset <= committed else {
                    throw corrupt("offsets \(frame.baseOffset)..<\(frame.nextOffset) where \(nextOffset) belongs")
                }
                current.following = (current.position + UInt64(frame.length), hash)
                segment = current
                if frame.kind == .seal {
                    try open(segment: nextOffset, at: nil)
                    guard segment?.previousHash == hash else { throw corrupt("the next segment does not continue this one") }
                    continue
                }
                pending = events[Int(skip)...]
                if pending.isEmpty { stepOver() }
            } catch let fault as FrameFault {
                throw corrupt("\(fault), but events up to offset \(committed) were acknowledged")
            } catch let error as DiskError {
                throw error.asLogError(files.topic)
            }
        }
    }

    private func stepOver() {
        guard let following = segment?.following else { return }
        segment?.position = following.position
        segment?.previousHash = following.hash
        segment?.following = nil
    }

    /// The frame at the segment's position, from the buffer or, where that is older than the frame, from the file.
    private func load(_ segment: inout OpenSegment) throws -> (Frame, Hash, [[UInt8]]) {
        do {
            return try decode(segment)
        } catch is FrameFault {
            segment.bufferStart = segment.position
            try fill(&segment, Self.readAhead)
            do {
                return try decode(segment)
            } catch FrameFault.short(let needs, _) where needs > segment.buffer.count {
                try fill(&segment, needs)
                return try decode(segment)
            }
        }
    }

    private func fill(_ segment: inout OpenSegment, _ count: Int) throws(DiskError) {
        segment.buffer = try segment.file.read(count, at: segment.bufferStart)
    }

    private func decode(_ segment: OpenSegment) throws -> (Frame, Hash, [[UInt8]]) {
        let start = Int(segment.position - segment.bufferStart)
        guard segment.position >= segment.bufferStart, start <= segment.buffer.count else {
            throw FrameFault.short(needs: Frame.headerLength, has: 0)
        }
        return try segment.buffer.withUnsafeBytes { buffer in
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[start...])
            let frame = try Frame(header: bytes)
            try frame.checkPayload(bytes)
            let whole = UnsafeRawBufferPointer(rebasing: bytes[..<frame.length])
            return (frame, Hash(of: whole), try frame.events(whole))
        }
    }
}

/// What a position carries besides its offset: the log it belongs to, the frame to go on at, and the hash before it.
struct PositionToken: Equatable {
    var topicID: [UInt8]
    var segment: UInt64
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
    }
}

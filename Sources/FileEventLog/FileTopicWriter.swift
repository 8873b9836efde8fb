import Contracts
import EventLog
import Synchronization

/// The one writer of a topic on disk.
///
/// An append is: write one frame, `fdatasync`, publish on the commit page, wake the readers. The next append waits for
/// all of it, so one frame is in flight. Blocking; call it off the cooperative pool.
final class FileTopicWriter: TopicWriter {
    private struct State {
        var file: any DiskFile
        var path: String
        var header: SegmentHeader
        /// Where the next frame goes.
        var position: UInt64
        var nextOffset: UInt64
        var nextSequence: UInt64
        var previousHash: Hash
        var time: Int64
        /// Set by a failed write or sync: nothing is written any more.
        var poison: LogError?
        var isClosed = false
    }

    private let files: TopicFiles
    private let disk: any Disk
    private let now: @Sendable () -> Timestamp
    private let options: FileEventLog.Options
    private let producerID: UInt64
    private let epoch: UInt32
    private let lock: any DirectoryLock
    private let commitPage: CommitPage
    private let state: Mutex<State>

    init(
        files: TopicFiles, disk: any Disk, now: @escaping @Sendable () -> Timestamp, options: FileEventLog.Options,
        lock: any DirectoryLock, commitPage: CommitPage, tail: Recovery.Tail
    ) throws {
        self.files = files
        self.disk = disk
        self.now = now
        self.options = options
        self.lock = lock
        self.commitPage = commitPage
        producerID = Array(files.topic.name.utf8).withUnsafeBytes { Hash(of: $0) }.bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        let scan = tail.segment
        epoch = max(scan.epoch, commitPage.epoch) + 1
        state = Mutex(
            State(
                file: scan.file, path: scan.path, header: scan.header, position: scan.position, nextOffset: scan.nextOffset,
                nextSequence: scan.nextSequence, previousHash: scan.previousHash, time: scan.time))
        try state.withLock { state in
            if scan.isSealed { try startSegment(&state, seal: nil) }
            try write(.writerOpened, [], &state)
        }
        commitPage.publish(epoch: epoch, committed: state.withLock { $0.nextOffset })
    }

    var lastSequence: UInt64 { state.withLock { $0.nextSequence - 1 } }

    func append(_ events: [[UInt8]], firstSequence: UInt64) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw LogError.closed(topic: files.topic) }
            if let poison = state.poison { throw poison }
            guard firstSequence <= state.nextSequence else {
                throw LogError.sequenceGap(topic: files.topic, expected: state.nextSequence, got: firstSequence)
            }
            let known = min(Int(state.nextSequence - firstSequence), events.count)
            if known > 0 { try compare(events[..<known], firstSequence: firstSequence, state) }

            var rest = events[known...]
            while !rest.isEmpty {
                let frame = try takeFrame(&rest, firstSequence: state.nextSequence)
                if state.position + UInt64(Frame.length(of: frame) + Frame.headerLength) > options.segmentBytes {
                    try roll(&state)
                }
                try write(.events, frame, &state)
                commitPage.publish(committed: state.nextOffset)
            }
        }
    }

    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            state.file.close()
            lock.release()
        }
    }

    // MARK: - One frame

    private func takeFrame(_ rest: inout ArraySlice<[UInt8]>, firstSequence: UInt64) throws -> ArraySlice<[UInt8]> {
        let limit = min(Frame.maximumLength, Int(options.segmentBytes) - SegmentHeader.length - 2 * Frame.headerLength)
        var length = Frame.headerLength
        var end = rest.startIndex
        while end < rest.endIndex, (length + 4 + rest[end].count).roundedUp(to: 8) <= limit {
            length += 4 + rest[end].count
            end += 1
        }
        guard end > rest.startIndex else {
            throw LogError.eventTooLarge(
                topic: files.topic, sequence: firstSequence, bytes: rest[end].count, limit: limit - Frame.headerLength - 4)
        }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    /// Writes one frame and syncs it. A full disk leaves everything as it was; any other fault poisons the writer.
    private func write(_ kind: Frame.Kind, _ events: ArraySlice<[UInt8]>, _ state: inout State) throws {
        let time = max(now().microseconds, state.time)
        let frame = Frame(
            kind: kind, eventCount: events.count, baseOffset: state.nextOffset, epoch: epoch, time: time, producerID: producerID,
            baseSequence: state.nextSequence, previousHash: state.previousHash, length: Frame.length(of: events))
        let bytes = frame.encode(events)
        do {
            try state.file.write(bytes, at: state.position)
        } catch {
            guard error.isNoSpace else { throw poisoned(&state, error.errno) }
            // What was written of the frame must go, or it would stand behind the next, shorter one.
            let zeros = [UInt8](repeating: 0, count: bytes.count)
            do {
                let written = min(try state.file.size(), state.position + UInt64(zeros.count))
                let count = Int(max(written, state.position) - state.position)
                try state.file.write(zeros[..<count], at: state.position)
            } catch {
                throw poisoned(&state, error.errno)
            }
            throw LogError.noSpace(topic: files.topic, file: state.path)
        }
        do {
            try state.file.sync()
        } catch {
            throw poisoned(&state, error.errno)
        }
        state.position += UInt64(bytes.count)
        state.nextOffset = frame.nextOffset
        state.nextSequence = frame.nextSequence
        state.previousHash = bytes.withUnsafeBytes { Hash(of: $0) }
        state.time = time
    }

    private func poisoned(_ state: inout State, _ errno: Int32) -> LogError {
        let error = LogError.syncFailed(topic: files.topic, file: state.path, errno: errno)
        state.poison = error
        return error
    }

    // MARK: - Segments

    /// Seals the segment and starts the next. The next one is reserved on disk first, so that a full disk changes nothing.
    private func roll(_ state: inout State) throws {
        let seal = Frame(
            kind: .seal, eventCount: 0, baseOffset: state.nextOffset, epoch: epoch, time: max(now().microseconds, state.time),
            producerID: producerID, baseSequence: state.nextSequence, previousHash: state.previousHash, length: Frame.headerLength
        ).encode([])
        try startSegment(&state, seal: seal)
    }

    private func startSegment(_ state: inout State, seal: [UInt8]?) throws {
        let header = SegmentHeader(
            topicID: state.header.topicID, baseOffset: state.nextOffset,
            previousLength: state.position + UInt64(seal?.count ?? 0), created: max(now().microseconds, state.time),
            baseSequence: state.nextSequence,
            previousHash: seal.map { $0.withUnsafeBytes { Hash(of: $0) } } ?? state.previousHash)
        let prepared = try PreparedSegment(header, files: files, disk: disk, bytes: options.segmentBytes)
        do {
            if let seal {
                try state.file.write(seal, at: state.position)
                try state.file.sync()
            }
            try prepared.publish()
        } catch {
            prepared.file.close()
            throw poisoned(&state, error.errno)
        }
        state.file.close()
        state.file = prepared.file
        state.path = prepared.path
        state.header = header
        state.position = UInt64(SegmentHeader.length)
        state.previousHash = header.previousHash
    }

    // MARK: - Idempotence

    private func compare(_ events: ArraySlice<[UInt8]>, firstSequence: UInt64, _ state: State) throws {
        let behind = state.nextSequence - firstSequence
        guard behind <= state.nextOffset else {
            throw LogError.sequenceGap(topic: files.topic, expected: state.nextSequence, got: firstSequence)
        }
        let firstOffset = state.nextOffset - behind
        let reader = FileTopicReader(files: files, disk: disk, from: nil)
        defer { reader.close() }
        try reader.seek(to: firstOffset)
        var rest = events
        while !rest.isEmpty {
            for logged in try reader.read(maximumEvents: rest.count, maximumBytes: Frame.maximumLength) {
                guard logged.bytes == rest.first else {
                    throw LogError.sequenceReused(
                        topic: files.topic, sequence: firstSequence + (logged.offset - firstOffset), offset: logged.offset)
                }
                rest = rest.dropFirst()
            }
        }
    }
}

/// A segment file that is whole on disk under a temporary name.
struct PreparedSegment {
    let path: String
    let file: any DiskFile
    private let files: TopicFiles
    private let disk: any Disk

    static let temporarySuffix = ".segment-being-made"

    /// - Throws: `LogError.noSpace` with nothing left behind.
    init(_ header: SegmentHeader, files: TopicFiles, disk: any Disk, bytes: UInt64) throws {
        path = files.segment(header.baseOffset)
        self.files = files
        self.disk = disk
        let temporary = path + Self.temporarySuffix
        do {
            if disk.exists(temporary) { try disk.remove(temporary) }
            file = try disk.open(temporary, .create)
        } catch {
            throw error.isNoSpace ? LogError.noSpace(topic: files.topic, file: path) : error.asLogError(files.topic)
        }
        do {
            try file.allocate(bytes)
            try file.write(header.encode(), at: 0)
            try file.sync()
        } catch {
            file.close()
            try? disk.remove(temporary)  // the next attempt removes what this one could not
            throw error.isNoSpace
                ? LogError.noSpace(topic: files.topic, file: path)
                : LogError.syncFailed(topic: files.topic, file: path, errno: error.errno)
        }
    }

    /// Gives the file its name, durably.
    func publish() throws(DiskError) {
        try disk.rename(path + Self.temporarySuffix, to: path)
        try disk.syncDirectory(files.directory)
    }
}

extension DiskError {
    /// ENOSPC or EDQUOT.
    var isNoSpace: Bool { errno == 28 || errno == 122 }
}

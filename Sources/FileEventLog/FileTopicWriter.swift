import Contracts
import EventLog
import LogFormat
import Synchronization

/// The one writer of a topic on disk.
///
/// An append is: write one frame, `fdatasync`, publish on the commit page, wake the readers. The next append waits for
/// all of it, so one frame is in flight. Blocking; call it off the cooperative pool.
final class FileTopicWriter: TopicWriter {
    private struct State {
        var file: any DiskFile
        var path: String
        /// First offset of the segment.
        var baseOffset: UInt64
        /// Where the next frame goes.
        var position: UInt64
        /// Up to where the file's blocks were written before, if only with zeros.
        var writtenUpTo: UInt64 = 0
        var nextOffset: UInt64
        var nextSequence: UInt64
        var previousHash: Hash
        var time: Int64
        /// The segment has its seal, and the next one could not be given its name yet.
        var isSealed: Bool
        /// Of the segment so far.
        var index: SegmentIndex
        /// Set by a failed write or sync: nothing is written any more.
        var poison: LogError?
        var isClosed = false
    }

    private let files: TopicFiles
    private let disk: any Disk
    private let now: @Sendable () -> Timestamp
    private let options: FileEventLog.Options
    private let topicID: [UInt8]
    private let producerID: UInt64
    private let epoch: UInt32
    private let lock: any DirectoryLock
    private let commitPage: CommitPage
    private let state: Mutex<State>
    /// Where frames are made; used under the state's lock.
    private let frameMemory = FrameMemory()

    /// Stands at the end that recovery found; owns the lock and the tail's file from here on.
    init(
        files: TopicFiles, disk: any Disk, now: @escaping @Sendable () -> Timestamp, options: FileEventLog.Options,
        lock: any DirectoryLock, commitPage: CommitPage, tail: SegmentScan, epoch: UInt32
    ) {
        self.files = files
        self.disk = disk
        self.now = now
        self.options = options
        self.lock = lock
        self.commitPage = commitPage
        topicID = tail.header.topicID
        producerID = Array(files.topic.name.utf8).withUnsafeBytes { Hash(of: $0) }.bytes[..<8].reduce(0) {
            $0 << 8 | UInt64($1)
        }
        self.epoch = epoch
        state = Mutex(
            State(
                file: tail.file, path: tail.path, baseOffset: tail.header.baseOffset, position: tail.position,
                nextOffset: tail.nextOffset, nextSequence: tail.nextSequence, previousHash: tail.previousHash,
                time: tail.time, isSealed: tail.isSealed, index: tail.index))
    }

    /// Puts the new epoch on disk, then tells the readers where the topic ends.
    func begin() throws {
        try state.withLock { state in
            if needsRoll(for: Frame.headerLength, state) { try roll(&state) }
            try write(.writerOpened, [], &state)
            commitPage.publish(epoch: epoch, committed: state.nextOffset)
        }
    }

    deinit {
        close()
    }

    var lastSequence: UInt64 { state.withLock { $0.nextSequence - 1 } }

    func append(_ events: [[UInt8]], firstSequence: UInt64) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw LogError.closed(topic: files.topic) }
            if let poison = state.poison { throw poison }
            // The lock keeps others out; where a file system forgets its locks, this does.
            guard commitPage.epoch == epoch else {
                throw LogError.fenced(topic: files.topic, epoch: epoch, byEpoch: commitPage.epoch)
            }
            guard firstSequence >= 1, firstSequence <= state.nextSequence else {
                throw LogError.sequenceGap(topic: files.topic, expected: state.nextSequence, got: firstSequence)
            }
            #if MUTANTS
                if Mutant.sequenceCheckRemoved.isOn { return try appendAll(events[...], &state) }
            #endif
            let known = Int(min(state.nextSequence - firstSequence, UInt64(events.count)))
            if known > 0 { try compare(events[..<known], firstSequence: firstSequence, state) }

            try appendAll(events[known...], &state)
        }
    }

    private func appendAll(_ events: ArraySlice<[UInt8]>, _ state: inout State) throws {
        var rest = events
        try checkSizes(rest, firstSequence: state.nextSequence)
        while !rest.isEmpty {
            let frame = takeFrame(&rest)
            if needsRoll(for: Frame.length(of: frame), state) { try roll(&state) }
            try write(.events, frame, &state)
            commitPage.publish(committed: state.nextOffset)
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

    // MARK: - Frames

    private var maximumFrameLength: Int {
        min(Frame.maximumLength, Int(options.segmentBytes) - SegmentHeader.length - 2 * Frame.headerLength) / 8 * 8
    }

    /// Whether a frame does not fit into the segment with a seal behind it.
    ///
    /// A segment without an event grows instead: the next one would begin at the same offset and have the same name.
    private func needsRoll(for length: Int, _ state: State) -> Bool {
        let isFull = state.position + UInt64(length + Frame.headerLength) > options.segmentBytes
        return state.isSealed || isFull && state.nextOffset > state.baseOffset
    }

    private func checkSizes(_ events: ArraySlice<[UInt8]>, firstSequence: UInt64) throws {
        let limit = maximumFrameLength - Frame.headerLength - 4
        for (index, event) in events.enumerated() where event.count > limit {
            throw LogError.eventTooLarge(
                topic: files.topic, sequence: firstSequence + UInt64(index), bytes: event.count, limit: limit)
        }
    }

    /// As many events as fit into one frame; at least one, since their sizes were checked.
    private func takeFrame(_ rest: inout ArraySlice<[UInt8]>) -> ArraySlice<[UInt8]> {
        var length = Frame.headerLength
        var end = rest.startIndex
        while end < rest.endIndex, length + 4 + rest[end].count <= maximumFrameLength {
            length += 4 + rest[end].count
            end += 1
        }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    private func makeFrame(_ kind: Frame.Kind, _ events: ArraySlice<[UInt8]>, _ state: State) -> Frame {
        Frame(
            kind: kind, eventCount: events.count, baseOffset: state.nextOffset, epoch: epoch,
            time: max(now().microseconds, state.time), producerID: producerID, baseSequence: state.nextSequence,
            previousHash: state.previousHash, length: Frame.length(of: events))
    }

    private func write(_ kind: Frame.Kind, _ events: ArraySlice<[UInt8]>, _ state: inout State) throws {
        let frame = makeFrame(kind, events, state)
        let bytes = frameMemory.take(frame.length)
        frame.encode(events, into: bytes)
        try put(frame, UnsafeRawBufferPointer(bytes), &state)
    }

    /// Writes one frame and syncs it. A full disk leaves everything as it was; any other fault poisons the writer.
    private func put(_ frame: Frame, _ bytes: UnsafeRawBufferPointer, _ state: inout State) throws {
        #if MUTANTS
            if Mutant.publishedBeforeSync.isOn { commitPage.publish(committed: frame.nextOffset) }
        #endif
        try zeroAhead(of: frame.length, &state)
        // The next frame needs the hash, and the disk leaves time for it.
        var hash = Hash.zero
        var outcome = Written.whole
        let (file, position) = (state.file, state.position)
        if bytes.count >= Self.bytesWorthAThread {
            disk.meanwhile({ hash = Hash(of: bytes) }, { outcome = Self.write(bytes, to: file, at: position) })
        } else {
            outcome = Self.write(bytes, to: file, at: position)
            hash = Hash(of: bytes)
        }
        switch outcome {
        case .whole: try requireName(&state)
        case .failed(let error): throw poisoned(&state, error.errno)
        case .noSpace:
            try blank(bytes.count, &state)
            throw LogError.noSpace(topic: files.topic, file: state.path)
        }
        advance(past: frame, hash, &state)
    }

    /// *Guarantee*: nothing counts as appended that went into a removed file. One `fstat` a frame: a quarter of a microsecond.
    private func requireName(_ state: inout State) throws {
        guard !state.file.hasName else { return }
        let error = LogError.removed(topic: files.topic, file: state.path)
        state.poison = error
        throw error
    }

    /// Writes zeros behind the place of a frame that goes past what was written before; synced with the frame.
    private func zeroAhead(of length: Int, _ state: inout State) throws {
        let end = state.position + UInt64(length)
        // Of large frames, each would need zeros of its own: everything would be written twice for nothing.
        guard UInt64(length) * Self.framesWorthZeros <= options.zeroAheadBytes, end > state.writtenUpTo else { return }
        let stop = min(end + options.zeroAheadBytes, max(end, options.segmentBytes))
        state.writtenUpTo = stop
        guard stop > end else { return }
        do {
            try state.file.write([UInt8](repeating: 0, count: Int(stop - end)), at: end)
        } catch {
            // Nothing is lost with it: the frame itself tells whether there is space.
            guard error.isNoSpace else { throw poisoned(&state, error.errno) }
        }
    }

    /// As many frames as must fit into the zeros for them to pay.
    private static let framesWorthZeros: UInt64 = 8

    private enum Written {
        case whole
        case noSpace
        case failed(DiskError)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: any DiskFile, at position: UInt64) -> Written {
        do {
            try file.write(bytes, at: position)
        } catch {
            return error.isNoSpace ? .noSpace : .failed(error)
        }
        #if MUTANTS
            if Mutant.syncRemoved.isOn { return .whole }
        #endif
        do {
            try file.sync()
        } catch {
            #if MUTANTS
                if Mutant.syncRetried.isOn, (try? file.sync()) != nil { return .whole }
            #endif
            return .failed(error)
        }
        return .whole
    }

    private func advance(past frame: Frame, _ hash: Hash, _ state: inout State) {
        state.index.note(frame, at: state.position, hash: hash)
        state.position += UInt64(frame.length)
        state.nextOffset = frame.nextOffset
        state.nextSequence = frame.nextSequence
        state.previousHash = hash
        state.time = frame.time
        state.isSealed = frame.kind == .seal
    }

    /// From here on, hashing a frame takes longer than handing it to another thread, in bytes.
    private static let bytesWorthAThread = 32 << 10

    /// What was written of a frame that did not fit must go, or it would stand behind the next, shorter one.
    private func blank(_ count: Int, _ state: inout State) throws {
        do {
            let end = min(try state.file.size(), state.position + UInt64(count))
            guard end > state.position else { return }
            try state.file.write([UInt8](repeating: 0, count: Int(end - state.position)), at: state.position)
        } catch {
            throw poisoned(&state, error.errno)
        }
    }

    private func poisoned(_ state: inout State, _ errno: Int32) -> LogError {
        let error = LogError.syncFailed(topic: files.topic, file: state.path, errno: errno)
        state.poison = error
        return error
    }

    // MARK: - Segments

    /// Seals the segment and starts the next. The next one is reserved on disk first, so that a full disk changes nothing;
    /// where only its name finds no place, the next append goes on from the seal.
    private func roll(_ state: inout State) throws {
        let frame = makeFrame(.seal, [], state)
        let seal = state.isSealed ? nil : frame.encode([])
        let header = SegmentHeader(
            topicID: topicID, baseOffset: state.nextOffset, previousLength: state.position + UInt64(seal?.count ?? 0),
            created: frame.time, baseSequence: state.nextSequence,
            previousHash: seal.map { $0.withUnsafeBytes { Hash(of: $0) } } ?? state.previousHash)
        let prepared: PreparedSegment
        do {
            prepared = try PreparedSegment(header, files: files, disk: disk, bytes: options.segmentBytes)
        } catch let error as LogError {
            if case .syncFailed = error { state.poison = error }
            throw error
        }
        do {
            if let seal { try seal.withUnsafeBytes { try put(frame, $0, &state) } }
            try writeIndex(&state)
            try name(prepared, &state)
        } catch {
            prepared.discard()
            throw error
        }
        state.file.close()
        state.file = prepared.file
        state.path = prepared.path
        state.baseOffset = header.baseOffset
        state.position = UInt64(SegmentHeader.length)
        state.writtenUpTo = 0
        state.previousHash = header.previousHash
        state.time = header.created
        state.isSealed = false
        state.index = SegmentIndex(topicID: topicID, baseOffset: header.baseOffset)
    }

    private func writeIndex(_ state: inout State) throws {
        do {
            try SegmentIndexFile(files: files, disk: disk).write(state.index)
        } catch {
            throw poisoned(&state, error.errno)
        }
    }

    private func name(_ prepared: PreparedSegment, _ state: inout State) throws {
        do {
            try prepared.rename()
        } catch {
            throw error.isNoSpace
                ? LogError.noSpace(topic: files.topic, file: prepared.path) : poisoned(&state, error.errno)
        }
        #if MUTANTS
            if Mutant.directorySyncRemoved.isOn { return }
        #endif
        do {
            try disk.syncDirectory(files.directory)
        } catch {
            throw poisoned(&state, error.errno)
        }
    }

    // MARK: - Idempotence

    private func compare(_ events: ArraySlice<[UInt8]>, firstSequence: UInt64, _ state: State) throws {
        let behind = state.nextSequence - firstSequence
        guard behind <= state.nextOffset else {
            throw LogError.sequenceGap(topic: files.topic, expected: state.nextSequence, got: firstSequence)
        }
        let firstOffset = state.nextOffset - behind
        let reader = FileTopicReader(files: files, disk: disk, from: Position(nextOffset: firstOffset, token: []))
        defer { reader.close() }
        var rest = events
        while !rest.isEmpty {
            let kept = try reader.read(maximumEvents: rest.count, maximumBytes: Frame.maximumLength)
            guard !kept.isEmpty else {
                throw LogError.acknowledgedDataLost(
                    topic: files.topic, end: try reader.end(), expected: state.nextOffset, witness: "this writer")
            }
            for logged in kept {
                guard rest.first.map({ logged.bytes.elementsEqual($0) }) == true else {
                    throw LogError.sequenceReused(
                        topic: files.topic, sequence: firstSequence + (logged.offset - firstOffset),
                        offset: logged.offset)
                }
                rest = rest.dropFirst()
            }
        }
    }
}

/// Memory for one frame, used again for every append.
private final class FrameMemory: @unchecked Sendable {  // its writer uses it under a lock
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        memory.deallocate()
    }

    func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count < count {
            memory.deallocate()
            memory = .allocate(byteCount: max(count, 2 * memory.count), alignment: 16)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }
}

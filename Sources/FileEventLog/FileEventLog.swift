package import Contracts
package import EventLog
package import LogFormat

/// The shared event log in a directory: one folder a topic.
package struct FileEventLog: EventLog {
    package struct Options: Sendable {
        /// Size of a segment file, reserved when it is made, in bytes.
        package var segmentBytes: UInt64
        /// How many bytes behind a frame are written with zeros together with it, where nothing was written yet. 0 for none.
        ///
        /// *Why*: the first write into reserved space makes the sync record it in the file system's journal; one such
        /// sync in many, then, instead of every one.
        package var zeroAheadBytes: UInt64

        /// - Parameter segmentBytes: from 1 KiB to 1 GiB; an event must fit into one.
        package init(segmentBytes: UInt64 = 16 << 20, zeroAheadBytes: UInt64 = 256 << 10) {
            precondition((1 << 10...1 << 30).contains(segmentBytes), "a segment has 1 KiB to 1 GiB")
            self.segmentBytes = segmentBytes
            self.zeroAheadBytes = zeroAheadBytes
        }
    }

    let directory: String
    let archive: String?
    let disk: any Disk
    private let options: Options
    private let now: @Sendable () -> Timestamp
    private let randomBytes: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - archive: where old segments were moved to, for readers of the whole history; nil for a service, which reads
    ///     what the log still keeps.
    ///   - now: the clock, for the times in frames.
    ///   - randomBytes: for the ids of topics.
    package init(
        directory: String, archive: String? = nil, disk: any Disk = PosixDisk(), options: Options = Options(),
        now: @escaping @Sendable () -> Timestamp, randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.directory = directory
        self.archive = archive
        self.disk = disk
        self.options = options
        self.now = now
        self.randomBytes = randomBytes
    }

    package func openWriter(of topic: Topic) throws -> any TopicWriter {
        // A writer looks at the log alone, wherever its history went.
        let files = TopicFiles(topic: topic, logDirectory: directory)
        let lock: any DirectoryLock
        do {
            try disk.createDirectory(directory)
            try disk.createDirectory(files.directory)
            lock = try lockTopic(files)
        } catch {
            throw error.isLocked
                ? LogError.writerExists(topic: topic, directory: files.directory, pid: error.holder)
                : error.asLogError(topic)
        }
        let writer: FileTopicWriter
        do {
            let (commitPage, tail, epoch) = try recoverBesideArchiving(files)
            writer = FileTopicWriter(
                files: files, disk: disk, now: now, options: options, lock: lock, commitPage: commitPage, tail: tail,
                epoch: epoch)
        } catch {
            lock.release()
            throw (error as? DiskError)?.asLogError(topic) ?? error
        }
        do {
            try writer.begin()
            return writer
        } catch {
            writer.close()
            throw error
        }
    }

    package func openReader(of topic: Topic, from position: Position?) throws -> any TopicReader {
        let files = files(topic)
        let first = try position ?? Position(nextOffset: files.firstReadable(disk), token: [])
        return FileTopicReader(files: files, disk: disk, from: first)
    }

    package func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        LogWaiter(topics: topics.map { TopicFiles(topic: $0, logDirectory: directory) }, disk: disk, bell: bell)
    }

    /// The names of the topics in the directory.
    package func topics() throws -> [Topic] {
        try disk.list(directory).filter { disk.exists(directory + "/\($0)/commit") }.map(Topic.init)
    }

    /// A segment's file, and where it begins.
    package struct SegmentPlace: Hashable, Sendable {
        package let baseOffset: UInt64
        package let path: String
        package let isArchived: Bool
    }

    /// The segments of a topic that can be read, in order.
    package func segments(of topic: Topic) throws -> [SegmentPlace] {
        let files = files(topic)
        return try files.segmentOffsets(disk).map { base in
            let path = files.locate(base, disk)
            return SegmentPlace(baseOffset: base, path: path, isArchived: path != files.segment(base))
        }
    }

    /// Reads and checks all there is of a topic; see `LogVerifier`.
    ///
    /// - Parameters:
    ///   - head: noted earlier and kept elsewhere: the chain must still lead through it.
    ///   - afterSegment: called when a segment was read to its end.
    package func verify(
        _ topic: Topic, head: ChainHead? = nil, afterSegment: @escaping () -> Void = {}
    ) throws -> LogVerifier.Finding {
        try LogVerifier(files: files(topic), disk: disk, notedHead: head, afterSegment: afterSegment).verify()
    }

    /// Whether a consumer can read on from a position: same topic, a frame where its token says, and the history before it.
    ///
    /// - Throws: `LogError`.
    package func check(_ position: Position, of topic: Topic) throws {
        let reader = FileTopicReader(files: files(topic), disk: disk, from: position)
        defer { reader.close() }
        try reader.check()
    }

    func files(_ topic: Topic) -> TopicFiles {
        TopicFiles(topic: topic, logDirectory: directory, archiveDirectory: archive)
    }

    // MARK: - Opening for writing

    private func lockTopic(_ files: TopicFiles) throws(DiskError) -> any DirectoryLock {
        #if MUTANTS
            struct NoLock: DirectoryLock { func release() {} }
            if Mutant.secondWriterAdmitted.isOn { return NoLock() }
        #endif
        return try disk.lockDirectory(files.directory)
    }

    /// Where segments are moved to the archive meanwhile, what recovery looked at may be gone: it looks again.
    private func recoverBesideArchiving(_ files: TopicFiles) throws -> (CommitPage, SegmentScan, epoch: UInt32) {
        var start = try files.firstOffset(disk)
        while true {
            do {
                return try recover(files)
            } catch {
                let now = try files.firstOffset(disk)
                guard now > start else { throw error }
                start = now
            }
        }
    }

    private func recover(_ files: TopicFiles) throws -> (CommitPage, SegmentScan, epoch: UInt32) {
        // Entries that the last writer made and died before it synced them: from here on events may rest on them.
        try disk.syncDirectory(files.directory)
        try removeUnfinished(files)
        let known = disk.exists(files.commitPage) ? try CommitPage(files, disk, .readWrite) : nil
        let segments = try files.segmentOffsets(disk)
        if segments.isEmpty {
            guard try files.start(disk) == nil else { throw files.missing(try files.firstOffset(disk)) }
            try create(files, known)
        }
        let tail = try Recovery(files: files, disk: disk).openTail(
            segments: segments.isEmpty ? [0] : segments, acknowledged: known?.committed ?? 0, topicID: known?.topicID)
        do {
            // Made here for a new topic, and made anew where it was lost; the tail is synced, so it may say so.
            let commitPage =
                try disk.exists(files.commitPage)
                ? CommitPage(files, disk, .readWrite)
                : makeCommitPage(files, topicID: tail.header.topicID, committed: tail.nextOffset)
            let lastEpoch = max(tail.epoch, commitPage.epoch)
            guard lastEpoch < UInt32.max else {
                throw LogError.corrupt(
                    topic: files.topic, file: files.commitPage, byte: 24, reason: "writer epoch \(lastEpoch)")
            }
            return (commitPage, tail, lastEpoch + 1)
        } catch {
            tail.file.close()
            throw error
        }
    }

    /// But for the start record: that is the archiver's, which may be at work on it now.
    private func removeUnfinished(_ files: TopicFiles) throws {
        for name in try disk.list(files.directory) where name.hasSuffix("-being-made") {
            let path = files.directory + "/" + name
            if path != files.startRecord + "-being-made" { try disk.remove(path) }
        }
    }

    /// The commit page first, then the segment: a reader that finds a segment without a commit page knows that one is
    /// missing. A crash in between leaves a commit page that vouches for nothing.
    private func create(_ files: TopicFiles, _ known: CommitPage?) throws {
        let commitPage = try known ?? makeCommitPage(files, topicID: randomBytes(16), committed: 0)
        guard commitPage.committed == 0, commitPage.epoch == 0 else {
            throw LogError.corrupt(
                topic: files.topic, file: files.segment(0), byte: 0,
                reason: "the segment is missing; the commit page vouches for \(commitPage.committed) events")
        }
        let header = SegmentHeader(
            topicID: commitPage.topicID, baseOffset: 0, previousLength: 0, created: now().microseconds, baseSequence: 1,
            previousHash: .zero)
        let prepared = try PreparedSegment(header, files: files, disk: disk, bytes: options.segmentBytes)
        do {
            try prepared.rename()
            try disk.syncDirectory(files.directory)
        } catch {
            prepared.discard()
            throw error
        }
        prepared.file.close()
    }

    private func makeCommitPage(_ files: TopicFiles, topicID: [UInt8], committed: UInt64) throws -> CommitPage {
        let temporary = files.commitPage + "-being-made"
        let file = try disk.open(temporary, .create)
        defer { file.close() }
        try file.write(CommitPage.initialBytes(topicID: topicID, committed: committed), at: 0)
        try file.sync()
        try disk.rename(temporary, to: files.commitPage)
        try disk.syncDirectory(files.directory)
        return try CommitPage(files, disk, .readWrite)
    }
}

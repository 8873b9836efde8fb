package import Contracts
package import EventLog

/// The shared event log in a directory: one folder a topic.
package struct FileEventLog: EventLog {
    package struct Options: Sendable {
        /// Size of a segment file, reserved when it is made, in bytes.
        package var segmentBytes: UInt64

        /// - Parameter segmentBytes: from 1 KiB to 1 GiB; an event must fit into one.
        package init(segmentBytes: UInt64 = 16 << 20) {
            precondition((1 << 10...1 << 30).contains(segmentBytes), "a segment has 1 KiB to 1 GiB")
            self.segmentBytes = segmentBytes
        }
    }

    private let directory: String
    private let disk: any Disk
    private let options: Options
    private let now: @Sendable () -> Timestamp
    private let randomBytes: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - now: the clock, for the times in frames.
    ///   - randomBytes: for the ids of topics.
    package init(
        directory: String, disk: any Disk = PosixDisk(), options: Options = Options(),
        now: @escaping @Sendable () -> Timestamp, randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.directory = directory
        self.disk = disk
        self.options = options
        self.now = now
        self.randomBytes = randomBytes
    }

    package func openWriter(of topic: Topic) throws -> any TopicWriter {
        let files = TopicFiles(topic: topic, logDirectory: directory)
        let lock: any DirectoryLock
        do {
            try disk.createDirectory(directory)
            try disk.createDirectory(files.directory)
            lock = try disk.lockDirectory(files.directory)
        } catch {
            throw error.isLocked
                ? LogError.writerExists(topic: topic, directory: files.directory, pid: error.holder)
                : error.asLogError(topic)
        }
        let writer: FileTopicWriter
        do {
            let (commitPage, tail, epoch) = try recover(files)
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
        FileTopicReader(files: TopicFiles(topic: topic, logDirectory: directory), disk: disk, from: position)
    }

    package func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        LogWaiter(topics: topics.map { TopicFiles(topic: $0, logDirectory: directory) }, disk: disk, bell: bell)
    }

    /// The names of the topics in the directory.
    package func topics() throws -> [Topic] {
        try disk.list(directory).filter { disk.exists(directory + "/\($0)/commit") }.map(Topic.init)
    }

    /// Reads and checks all there is of a topic; see `LogVerifier`.
    package func verify(_ topic: Topic) throws -> LogVerifier.Finding {
        try LogVerifier(files: TopicFiles(topic: topic, logDirectory: directory), disk: disk).verify()
    }

    // MARK: - Opening for writing

    private func recover(_ files: TopicFiles) throws -> (CommitPage, SegmentScan, epoch: UInt32) {
        // Entries that the last writer made and died before it synced them: from here on events may rest on them.
        try disk.syncDirectory(files.directory)
        try removeUnfinished(files)
        let known = disk.exists(files.commitPage) ? try CommitPage(files, disk, .readWrite) : nil
        let segments = try files.segmentOffsets(disk)
        if segments.isEmpty { try create(files, known) }
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

    private func removeUnfinished(_ files: TopicFiles) throws {
        for name in try disk.list(files.directory) where name.hasSuffix("-being-made") {
            try disk.remove(files.directory + "/" + name)
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

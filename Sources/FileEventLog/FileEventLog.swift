package import Contracts
package import EventLog

/// The shared event log in a directory: one folder a topic.
package struct FileEventLog: EventLog {
    package struct Options: Sendable {
        /// Size of a segment file, reserved when it is made, in bytes.
        package var segmentBytes: UInt64

        package init(segmentBytes: UInt64 = 16 << 20) {
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
            try disk.createDirectory(files.directory)
            lock = try disk.lockDirectory(files.directory)
        } catch {
            throw error.holder != nil || error.operation == "lock"
                ? LogError.writerExists(topic: topic, directory: files.directory, pid: error.holder) : error.asLogError(topic)
        }
        do {
            try removeUnfinished(files)
            try createIfNew(files)
            let commitPage = try CommitPage(files, disk, .readWrite)
            let segments = try files.segmentOffsets(disk)
            let tail = try Recovery(files: files, disk: disk).openTail(segments: segments, acknowledged: commitPage.committed)
            guard tail.segment.header.topicID == commitPage.topicID else {
                throw LogError.corrupt(
                    topic: topic, file: files.commitPage, byte: 32, reason: "the commit page is of another topic")
            }
            return try FileTopicWriter(
                files: files, disk: disk, now: now, options: options, lock: lock, commitPage: commitPage, tail: tail)
        } catch {
            lock.release()
            throw (error as? DiskError)?.asLogError(topic) ?? error
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

    // MARK: - A new topic

    private func removeUnfinished(_ files: TopicFiles) throws {
        for name in try disk.list(files.directory) where name.hasSuffix("-being-made") {
            try disk.remove(files.directory + "/" + name)
        }
    }

    /// The segment first, the commit page after it; a crash in between leaves a topic without events, made anew.
    private func createIfNew(_ files: TopicFiles) throws {
        let segments = try files.segmentOffsets(disk)
        let hasCommitPage = disk.exists(files.commitPage)
        if hasCommitPage { return }
        let topicID: [UInt8]
        if let last = segments.last {
            let scan = try SegmentScan(files, baseOffset: last, disk: disk)
            topicID = scan.header.topicID
            scan.file.close()
        } else {
            topicID = randomBytes(16)
            let header = SegmentHeader(
                topicID: topicID, baseOffset: 0, previousLength: 0, created: now().microseconds, baseSequence: 1, previousHash: .zero)
            let prepared = try PreparedSegment(header, files: files, disk: disk, bytes: options.segmentBytes)
            prepared.file.close()
            try prepared.publish()
        }
        let temporary = files.commitPage + "-being-made"
        let page = try disk.open(temporary, .create)
        defer { page.close() }
        try page.write(CommitPage.initialBytes(topicID: topicID), at: 0)
        try page.sync()
        try disk.rename(temporary, to: files.commitPage)
        try disk.syncDirectory(files.directory)
    }
}

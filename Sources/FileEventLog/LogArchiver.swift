package import Contracts
import EventLog
import LogFormat

/// Moves whole sealed segments of a topic to the archive; nothing is deleted.
///
/// *Guarantee*: killed at any point it can be run again, and at every point the log can be opened, and log and archive
/// together hold every event. *Why*: where the log begins is on disk before the first file leaves, and what lies below is
/// not looked at any more. *If broken*: a writer that starts in between finds its first segment missing and refuses.
package struct LogArchiver {
    private let files: TopicFiles
    private let archive: String
    private let disk: any Disk

    package init(topic: Topic, logDirectory: String, archiveDirectory: String, disk: any Disk = PosixDisk()) {
        files = TopicFiles(topic: topic, logDirectory: logDirectory)
        archive = archiveDirectory + "/" + topic.name
        self.disk = disk
    }

    /// What one run would move.
    package struct Plan: Sendable {
        /// First offset that the log keeps now.
        package let first: UInt64
        /// First offset that it will keep.
        package let firstAfterwards: UInt64
        /// First offsets of the segments to move; those below `first` were left by a run that was cut off.
        package let segments: [UInt64]
    }

    /// The sealed segments that end at or below an offset.
    ///
    /// - Throws: `LogError`.
    package func plan(below offset: UInt64) throws -> Plan {
        let first = try files.firstOffset(disk)
        let all: [UInt64]
        do {
            all = try TopicFiles.offsets(files.directory, disk)
        } catch {
            throw error.asLogError(files.topic)
        }
        // A segment ends where the next begins; the last one is being written.
        let firstAfterwards = max(first, all.last(where: { $0 <= offset }) ?? first)
        return Plan(first: first, firstAfterwards: firstAfterwards, segments: all.filter { $0 < firstAfterwards })
    }

    /// Reads each segment whole before it goes, so that rot is not put away unseen.
    ///
    /// - Throws: `LogError.corrupt` for a segment that does not check out, `.writerExists` while another run has the
    ///   archive, `.archived` where another run moved segments since the plan was made, `.noSpace`, `.unreadable`.
    package func run(_ plan: Plan) throws {
        guard !plan.segments.isEmpty else { return }
        do {
            try disk.createDirectory(archive)
            let lock = try disk.lockDirectory(archive)
            defer { lock.release() }
            // An older plan would move the log's beginning back, to segments that are gone.
            let first = try files.firstOffset(disk)
            guard first == plan.first else {
                throw LogError.archived(topic: files.topic, offset: plan.first, firstKept: first)
            }
            for base in plan.segments { try check(base, endsAt: plan) }
            try removeUnfinished()
            if plan.firstAfterwards > plan.first {
                let start = TopicStart(topicID: try topicID(), firstOffset: plan.firstAfterwards)
                try disk.replace(files.startRecord, with: start.encode(), in: files.directory)
            }
            let names = plan.segments.flatMap { base in
                [TopicFiles.indexSuffix, TopicFiles.segmentSuffix].map { TopicFiles.name(base) + $0 }
            }.filter { disk.exists(files.directory + "/" + $0) }
            // Each has both names for a while: whatever of the entries a crash leaves, one of them is there.
            for name in names { try put(name) }
            try disk.syncDirectory(archive)
            for name in names { try disk.remove(files.directory + "/" + name) }
            try disk.syncDirectory(files.directory)
        } catch let error as DiskError {
            if error.isLocked { throw LogError.writerExists(topic: files.topic, directory: archive, pid: error.holder) }
            throw error.isNoSpace
                ? LogError.noSpace(topic: files.topic, file: error.path) : error.asLogError(files.topic)
        }
    }

    private func check(_ base: UInt64, endsAt plan: Plan) throws {
        var scan = try SegmentScan(files, baseOffset: base, disk: disk)
        defer { scan.file.close() }
        while case .success = try scan.next() {}
        let next = plan.segments.first { $0 > base } ?? plan.firstAfterwards
        guard scan.isSealed, scan.nextOffset == next else {
            throw LogError.corrupt(
                topic: files.topic, file: scan.path, byte: scan.position,
                reason: scan.isSealed
                    ? "its seal ends at offset \(scan.nextOffset), the next segment begins at \(next)"
                    : "nothing more to read, and no seal")
        }
    }

    private func topicID() throws -> [UInt8] {
        try CommitPage(files, disk, .read).topicID
    }

    private func removeUnfinished() throws(DiskError) {
        for name in try disk.list(archive) where name.hasSuffix("-being-made") {
            try disk.remove(archive + "/" + name)
        }
    }

    private func put(_ name: String) throws {
        let from = files.directory + "/" + name
        let to = archive + "/" + name
        if disk.exists(to) {
            // Put there by a run that ended before it removed the original.
            guard try haveSameBytes(from, to) else {
                throw LogError.corrupt(
                    topic: files.topic, file: to, byte: 0, reason: "the archive holds another file of this name")
            }
            return
        }
        do {
            try disk.link(from, to: to)
        } catch {
            guard error.cannotLink else { throw error }
            try copy(from, to: to)
        }
    }

    private func copy(_ from: String, to: String) throws(DiskError) {
        let source = try disk.open(from, .read)
        defer { source.close() }
        let target = try disk.open(to + "-being-made", .create)
        defer { target.close() }
        var position: UInt64 = 0
        while true {
            let bytes = try source.read(Self.copyBytes, at: position)
            if bytes.isEmpty { break }
            try target.write(bytes, at: position)
            position += UInt64(bytes.count)
        }
        try target.sync()
        try disk.rename(to + "-being-made", to: to)
    }

    private func haveSameBytes(_ one: String, _ other: String) throws(DiskError) -> Bool {
        let one = try disk.open(one, .read)
        defer { one.close() }
        let other = try disk.open(other, .read)
        defer { other.close() }
        var position: UInt64 = 0
        while true {
            let bytes = try one.read(Self.copyBytes, at: position)
            guard bytes == (try other.read(Self.copyBytes, at: position)) else { return false }
            if bytes.isEmpty { return true }
            position += UInt64(bytes.count)
        }
    }

    /// Bytes copied at a time.
    private static let copyBytes = 1 << 20
}

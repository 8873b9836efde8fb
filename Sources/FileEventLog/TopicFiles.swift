import Contracts
import EventLog
import LogFormat

/// Where a topic's files lie.
struct TopicFiles: Sendable {
    let topic: Topic
    let directory: String
    /// Where segments were moved to; nil for a reader that reads only what the log still keeps.
    let archive: String?

    static let segmentSuffix = ".segment"
    static let indexSuffix = ".index"

    init(topic: Topic, logDirectory: String, archiveDirectory: String? = nil) {
        self.topic = topic
        directory = logDirectory + "/" + topic.name
        archive = archiveDirectory.map { $0 + "/" + topic.name }
    }

    var commitPage: String { directory + "/commit" }
    var startRecord: String { directory + "/start" }
    var quarantine: String { directory + "/quarantine" }

    func segment(_ baseOffset: UInt64) -> String { directory + "/" + Self.name(baseOffset) + Self.segmentSuffix }
    func index(_ baseOffset: UInt64) -> String { directory + "/" + Self.name(baseOffset) + Self.indexSuffix }

    static func name(_ baseOffset: UInt64) -> String {
        let digits = String(baseOffset)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    // MARK: - What is there

    /// Where a segment lies now: in the log, else in the archive.
    func locate(_ baseOffset: UInt64, _ disk: any Disk) -> String {
        let here = segment(baseOffset)
        guard let archive, !disk.exists(here) else { return here }
        let there = archive + "/" + Self.name(baseOffset) + Self.segmentSuffix
        return disk.exists(there) ? there : here
    }

    /// Opens a segment where it lies.
    ///
    /// *Guarantee*: one that is moved to the archive between the look for it and the opening is found there. *If broken*:
    /// `log verify` beside `log archive` calls a sound log damaged.
    func openSegment(
        _ baseOffset: UInt64, _ disk: any Disk, _ access: FileAccess = .read
    ) throws(DiskError) -> (path: String, file: any DiskFile) {
        let path = locate(baseOffset, disk)
        do {
            return (path, try disk.open(path, access))
        } catch {
            let now = locate(baseOffset, disk)
            guard error.isMissing, now != path else { throw error }
            return (now, try disk.open(now, access))
        }
    }

    /// First offsets of the segments that can be read, in order: with an archive at hand all there are, else those from
    /// the log's start on (an archiving that was cut off leaves some below it).
    ///
    /// - Throws: `LogError`.
    func segmentOffsets(_ disk: any Disk) throws -> [UInt64] {
        let start = try firstOffset(disk)
        do {
            let here = try Self.offsets(directory, disk)
            guard let archive else { return here.filter { $0 >= start } }
            return Set(here + (try Self.offsets(archive, disk))).sorted()
        } catch {
            throw error.asLogError(topic)
        }
    }

    /// First offsets of the segments in a folder, from the names; files with other names are not segments.
    static func offsets(_ directory: String, _ disk: any Disk) throws(DiskError) -> [UInt64] {
        try disk.list(directory).compactMap { name in
            guard name.hasSuffix(segmentSuffix), name.utf8.count == 28 else { return nil }
            return UInt64(name.dropLast(segmentSuffix.utf8.count))
        }
    }

    /// Offset of the first event that the log itself keeps: above 0 where segments were moved to the archive.
    ///
    /// - Throws: `LogError.corrupt` for a start record that does not check out.
    func firstOffset(_ disk: any Disk) throws -> UInt64 {
        try start(disk)?.firstOffset ?? 0
    }

    /// Offset of the first event that can be read.
    func firstReadable(_ disk: any Disk) throws -> UInt64 {
        let start = try firstOffset(disk)
        return min(try segmentOffsets(disk).first ?? start, start)
    }

    /// The record of where the log begins; nil where nothing was ever moved away.
    func start(_ disk: any Disk) throws -> TopicStart? {
        guard disk.exists(startRecord) else { return nil }
        do {
            let file = try disk.open(startRecord, .read)
            defer { file.close() }
            return try file.read(TopicStart.length + 1, at: 0).withUnsafeBytes { try TopicStart($0) }
        } catch let fault as FrameFault {
            throw LogError.corrupt(topic: topic, file: startRecord, byte: 0, reason: fault.description)
        } catch let error as DiskError {
            throw error.asLogError(topic)
        }
    }

    func missing(_ baseOffset: UInt64) -> LogError {
        .corrupt(topic: topic, file: segment(baseOffset), byte: 0, reason: "the segment is missing")
    }

    func readHeader(_ file: any DiskFile, path: String) throws -> SegmentHeader {
        do {
            return try file.read(SegmentHeader.length, at: 0).withUnsafeBytes { try SegmentHeader($0) }
        } catch let fault as FrameFault {
            throw LogError.corrupt(topic: topic, file: path, byte: 0, reason: fault.description)
        } catch let error as DiskError {
            throw error.asLogError(topic)
        }
    }
}

extension Disk {
    /// Writes what a file holds once more, and syncs it; where there is no such file, nothing.
    ///
    /// *Why*: after a sync that failed, the file reads as it was written, counts as clean, and is not on the medium; a
    /// second sync would have nothing to do. The same bytes at the same place: cut off at any point, nothing is worse.
    /// *If broken*: a process that was restarted after the fault acts on what the next loss of power takes back.
    package func writeAgain(_ path: String) throws(DiskError) {
        #if MUTANTS
            if Mutant.databaseLogNotWrittenAgain.isOn { return }
        #endif
        guard exists(path) else { return }
        let file = try open(path, .readWrite)
        defer { file.close() }
        let size = try file.size()
        var position: UInt64 = 0
        while position < size {
            let bytes = try file.read(Int(min(size - position, 1 << 20)), at: position)
            if bytes.isEmpty { break }
            try file.write(bytes, at: position)
            position += UInt64(bytes.count)
        }
        try file.sync()
    }

    /// Writes a small file so that a crash leaves the old one or the new one, whole.
    func replace(_ path: String, with bytes: [UInt8], in directory: String) throws(DiskError) {
        let temporary = path + "-being-made"
        if exists(temporary) { try remove(temporary) }
        let file = try open(temporary, .create)
        defer { file.close() }
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(temporary, to: path)
        try syncDirectory(directory)
    }
}

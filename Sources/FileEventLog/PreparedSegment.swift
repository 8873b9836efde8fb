import EventLog
import LogFormat

/// A segment file that is whole on disk under a temporary name.
struct PreparedSegment {
    let path: String
    let file: any DiskFile
    private let files: TopicFiles
    private let disk: any Disk

    static let temporarySuffix = ".segment-being-made"

    /// Reserves the space, writes the header, syncs.
    ///
    /// - Throws: `LogError.noSpace`, `.syncFailed`, `.unreadable`; nothing is left behind.
    init(_ header: SegmentHeader, files: TopicFiles, disk: any Disk, bytes: UInt64) throws {
        path = files.segment(header.baseOffset)
        self.files = files
        self.disk = disk
        let temporary = path + Self.temporarySuffix
        guard !disk.exists(path) else {
            throw LogError.corrupt(
                topic: files.topic, file: path, byte: 0, reason: "the segment is there before it was made")
        }
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
            discard()
            throw error.isNoSpace
                ? LogError.noSpace(topic: files.topic, file: path)
                : LogError.syncFailed(topic: files.topic, file: path, errno: error.errno)
        }
    }

    /// Gives the file its name; not durable until the directory is synced.
    func rename() throws(DiskError) {
        try disk.rename(path + Self.temporarySuffix, to: path)
    }

    func discard() {
        file.close()
        try? disk.remove(path + Self.temporarySuffix)  // the next attempt removes what this one could not
    }
}

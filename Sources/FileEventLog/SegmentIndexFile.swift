import EventLog
import LogFormat

/// The index file beside a sealed segment: read where it helps, written by the topic's owner.
struct SegmentIndexFile {
    let files: TopicFiles
    let disk: any Disk

    /// The index of a segment; nil where it is missing, broken, or not of this segment: reading goes on without it.
    func read(of header: SegmentHeader, besides segmentPath: String) -> SegmentIndex? {
        let path = segmentPath.dropLast(TopicFiles.segmentSuffix.count) + TopicFiles.indexSuffix
        guard disk.exists(String(path)), let file = try? disk.open(String(path), .read) else { return nil }
        defer { file.close() }
        guard let size = try? file.size(), size <= Self.maximumBytes,
            let bytes = try? file.read(Int(size), at: 0),
            let index = bytes.withUnsafeBytes({ try? SegmentIndex($0) }),
            index.topicID == header.topicID, index.baseOffset == header.baseOffset
        else { return nil }
        return index
    }

    private static let maximumBytes =
        UInt64(SegmentIndex.headerLength + SegmentIndex.maximumEntries * SegmentIndex.entryLength)

    /// Writes the index of a segment of the log. A full disk leaves it away: it can be made again from the segment.
    ///
    /// - Throws: `DiskError` for any other fault; a disk that fails once is not trusted with the next append.
    func write(_ index: SegmentIndex) throws(DiskError) {
        let path = files.index(index.baseOffset)
        do {
            try disk.replace(path, with: index.encode(), in: files.directory)
        } catch {
            guard error.isNoSpace else { throw error }
            try? disk.remove(path + "-being-made")  // the next opening removes what this could not
        }
    }
}

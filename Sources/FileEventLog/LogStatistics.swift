package import Contracts
import EventLog
import LogFormat

/// What a topic is made of, from the frames' headers alone.
package struct LogStatistics: Sendable {
    package let topic: Topic
    package var segments = 0
    package var archivedSegments = 0
    /// Sealed segments that have no usable index.
    package var indexesMissing = 0
    /// Of the segment files, reserved space included.
    package var bytesOnDisk: UInt64 = 0
    /// Of headers and frames.
    package var bytesUsed: UInt64 = 0
    /// Of the events themselves.
    package var eventBytes: UInt64 = 0
    package var frames = 0
    package var events: UInt64 = 0
    /// Frames that hold no event: seals, and one for every time a writer took over.
    package var controlFrames = 0
    package var largestFrame = 0
    package var firstOffset: UInt64 = 0
    package var nextOffset: UInt64 = 0
    package var epoch: UInt32 = 0
    /// Times of the first and last append; nil where there is none.
    package var firstAppend: Timestamp?
    package var lastAppend: Timestamp?
}

extension FileEventLog {
    /// Walks a topic from header to header; checks only as much as it needs to find its way.
    ///
    /// - Throws: `LogError`.
    package func statistics(of topic: Topic) throws -> LogStatistics {
        let files = files(topic)
        var statistics = LogStatistics(topic: topic)
        let segments = try files.segmentOffsets(disk)
        statistics.firstOffset = segments.first ?? 0
        statistics.nextOffset = statistics.firstOffset
        for base in segments {
            do {
                try count(base, files, isLast: base == segments.last, &statistics)
            } catch let error as DiskError {
                throw error.asLogError(topic)
            }
        }
        return statistics
    }

    private func count(
        _ baseOffset: UInt64, _ files: TopicFiles, isLast: Bool, _ statistics: inout LogStatistics
    ) throws {
        let (path, file) = try files.openSegment(baseOffset, disk)
        defer { file.close() }
        let header = try files.readHeader(file, path: path)
        statistics.segments += 1
        if path != files.segment(baseOffset) { statistics.archivedSegments += 1 }
        if !isLast, SegmentIndexFile(files: files, disk: disk).read(of: header, besides: path) == nil {
            statistics.indexesMissing += 1
        }
        statistics.bytesOnDisk += try file.size()
        var position = UInt64(SegmentHeader.length)
        while let frame = try frameHeader(file, at: position, path, topic: files.topic) {
            statistics.count(frame)
            position += UInt64(frame.length)
        }
        statistics.bytesUsed += position
    }

    /// Nil where nothing more was written, or what was is not whole.
    private func frameHeader(
        _ file: any DiskFile, at position: UInt64, _ path: String, topic: Topic
    ) throws -> Frame? {
        do {
            return try file.read(Frame.headerLength, at: position).withUnsafeBytes { try Frame(header: $0) }
        } catch let fault as FrameFault {
            switch fault {
            case .blank, .short, .magic, .headerChecksum: return nil
            default: throw LogError.corrupt(topic: topic, file: path, byte: position, reason: fault.description)
            }
        }
    }
}

extension LogStatistics {
    fileprivate mutating func count(_ frame: Frame) {
        frames += 1
        largestFrame = max(largestFrame, frame.length)
        epoch = max(epoch, frame.epoch)
        nextOffset = frame.nextOffset
        guard frame.kind == .events else {
            controlFrames += 1
            return
        }
        events += UInt64(frame.eventCount)
        // At most seven bytes of padding are counted with the events.
        eventBytes += UInt64(frame.length - Frame.headerLength - 4 * frame.eventCount)
        let time = Timestamp(microseconds: frame.time)
        firstAppend = firstAppend ?? time
        lastAppend = time
    }
}

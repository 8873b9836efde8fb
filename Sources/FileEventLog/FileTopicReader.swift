import Contracts
import EventLog
import Foundation
import LogFormat

/// Reads a topic frame by frame, never past what the commit page says is on disk, and checks everything it reads.
///
/// *Guarantee*: a read that fails leaves the reader where it stood, so trying again neither skips nor repeats an event.
final class FileTopicReader: TopicReader {
    /// Where a frame begins, and the hash of the one before it.
    private struct Place: Equatable {
        var position: UInt64
        var previousHash: Hash
    }

    /// Room made for the events of a read, at most; more is made as they come.
    private static let reservedEvents: UInt64 = 1024

    private let files: TopicFiles
    private let disk: any Disk
    private var commitPage: CommitPage?
    private var nextOffset: UInt64
    /// Where to open; the reader's position while no segment is open.
    private var start: Position
    private var segment: SegmentReader?
    /// The frame that holds `nextOffset`, or that will.
    private var place = Place(position: 0, previousHash: .zero)
    /// The frame after it, while its events are handed out.
    private var following: Place?
    /// Events of a frame that was read but not handed out whole.
    private var pending: ArraySlice<ArraySlice<UInt8>> = []
    /// When the frame that they are of was appended.
    private var pendingAppendedAt: Timestamp?
    private(set) var appendedAt: Timestamp?
    /// No frame was read since the segment was opened from a stored position.
    private var isResumed = false

    init(files: TopicFiles, disk: any Disk, from position: Position) {
        self.files = files
        self.disk = disk
        start = position
        nextOffset = start.nextOffset
    }

    deinit {
        close()
    }

    var position: Position {
        guard let segment, let commitPage else { return start }
        let token = PositionToken(
            topicID: commitPage.topicID, segment: segment.header.baseOffset, position: place.position,
            previousHash: place.previousHash)
        return Position(nextOffset: nextOffset, token: token.encode())
    }

    func end() throws -> UInt64 {
        let end = try openCommitPage()?.committed ?? 0
        guard end <= Frame.maximumOffset else {
            throw LogError.corrupt(
                topic: files.topic, file: files.commitPage, byte: UInt64(CommitPage.committedOffset),
                reason: "it names offset \(end); a topic ends at \(Frame.maximumOffset)")
        }
        return end
    }

    func wait(atMost limit: Duration) throws -> Bool {
        if let page = try openCommitPage() {
            // The word before the offset: an append in between changes it, and the wait returns at once.
            let word = page.wakeWord
            if page.committed > nextOffset { return true }
            if disk.wait(for: [(page.page, word)], atMost: limit) { return page.committed > nextOffset }
        }
        // No topic yet, or pages that cannot be waited on.
        Thread.sleep(forTimeInterval: min(Self.pollInterval, Double(limit.microseconds) / 1_000_000))
        return try end() > nextOffset
    }

    /// In seconds.
    private static let pollInterval = 0.005

    func read(maximumEvents: Int, maximumBytes: Int) throws -> [LoggedEvent] {
        let committed = try end()
        guard nextOffset <= committed else {
            throw LogError.acknowledgedDataLost(
                topic: files.topic, end: committed, expected: nextOffset, witness: "this reader")
        }
        var events: [LoggedEvent] = []
        events.reserveCapacity(min(maximumEvents, Int(min(committed - nextOffset, Self.reservedEvents))))
        var bytes = 0
        while events.count < maximumEvents, bytes <= maximumBytes {
            if pending.isEmpty {
                guard nextOffset < committed else { break }
                do {
                    try readFrame(committed: committed)
                } catch {
                    // What was read before the fault is good; the next read meets the fault again.
                    if events.isEmpty { throw error }
                    break
                }
            }
            guard let event = pending.popFirst() else { break }
            events.append(LoggedEvent(topic: files.topic, offset: nextOffset, bytes: event))
            bytes += event.count
            appendedAt = pendingAppendedAt
            nextOffset += 1
            if pending.isEmpty { stepOver() }
        }
        return events
    }

    /// Goes to an offset: to the segment by its name, near the frame by the segment's index, then from frame to frame.
    ///
    /// - Throws: `LogError.archived` where the offset is before the first segment that can be read, `.foreignPosition`
    ///   where it is past the end.
    func seek(to offset: UInt64) throws {
        let committed = try end()
        guard offset <= committed else {
            throw LogError.foreignPosition(topic: files.topic, offset: offset, reason: "the topic ends at \(committed)")
        }
        let segments = try files.segmentOffsets(disk)
        guard let base = segments.last(where: { $0 <= offset }) else {
            let start = try files.firstOffset(disk)
            throw offset < start
                ? LogError.archived(topic: files.topic, offset: offset, firstKept: start) : files.missing(start)
        }
        let before = position
        do {
            let found = try openSegment(base)
            let index = SegmentIndexFile(files: files, disk: disk).read(of: found.header, besides: found.path)
            if let entry = index?.entry(for: offset) {
                do {
                    enter(found, at: Place(position: entry.position, previousHash: entry.previousHash))
                    nextOffset = entry.offset
                    return try advance(to: offset, committed: committed)
                } catch is LogError {
                    // An index is never trusted: without it, the segment tells what is right.
                    enter(try openSegment(base), at: nil)
                }
            } else {
                enter(found, at: nil)
            }
            nextOffset = base
            try advance(to: offset, committed: committed)
        } catch {
            leave(to: before)
            throw error
        }
    }

    /// Whether the position that the reader was opened at can be read on from.
    ///
    /// - Throws: `LogError`.
    func check() throws {
        guard !start.token.isEmpty else { return }
        let committed = try end()
        guard nextOffset <= committed else { throw foreign("the topic ends at \(committed)") }
        if nextOffset < committed { return try readFrame(committed: committed) }
        // Nothing follows that would name the hash before it: the way from the segment's beginning must lead to the place.
        try openFirst()
        let found = FileTopicReader(files: files, disk: disk, from: Position(nextOffset: nextOffset, token: []))
        defer { found.close() }
        try found.seek(to: nextOffset)
        if found.segment?.header.baseOffset == segment?.header.baseOffset {
            guard found.place == place else { throw foreign("its token names another place than the end of the topic") }
        } else if try loadFrame(committed: committed).frame.kind != .seal {
            throw foreign("its token names a segment in which the topic does not end")
        }
    }

    private func advance(to offset: UInt64, committed: UInt64) throws {
        while nextOffset < offset {
            try readFrame(committed: committed)
            let skip = min(UInt64(pending.count), offset - nextOffset)
            pending = pending.dropFirst(Int(skip))
            nextOffset += skip
            if pending.isEmpty { stepOver() }
        }
    }

    func close() {
        leave(to: position)
    }

    // MARK: - Opening

    private func openCommitPage() throws -> CommitPage? {
        if let commitPage { return commitPage }
        guard disk.exists(files.commitPage) else {
            // The commit page of a new topic comes before its first segment.
            if !(try files.segmentOffsets(disk)).isEmpty, !disk.exists(files.commitPage) {
                throw LogError.corrupt(
                    topic: files.topic, file: files.commitPage, byte: 0,
                    reason: "the commit page is missing; the topic's owner makes it anew when it starts")
            }
            return nil
        }
        commitPage = try CommitPage(files, disk, .read)
        return commitPage
    }

    private func openSegment(_ base: UInt64) throws -> SegmentReader {
        try SegmentReader(files, baseOffset: base, topicID: commitPage?.topicID ?? [], disk: disk)
    }

    private func enter(_ next: SegmentReader, at stored: Place?) {
        segment?.close()
        segment = next
        place = stored ?? Place(position: UInt64(SegmentHeader.length), previousHash: next.header.previousHash)
        following = nil
        pending = []
        isResumed = stored != nil
    }

    private func leave(to position: Position) {
        start = position
        nextOffset = position.nextOffset
        segment?.close()
        segment = nil
        following = nil
        pending = []
    }

    /// Opens the segment that the starting position names, or the first.
    private func openFirst() throws {
        guard !start.token.isEmpty else { return try seek(to: nextOffset) }
        guard let token = PositionToken(start.token), token.topicID == commitPage?.topicID else {
            throw foreign("it was made by another log")
        }
        guard token.segment >= (try files.firstOffset(disk)) || files.archive != nil else {
            throw LogError.archived(
                topic: files.topic, offset: nextOffset, firstKept: try files.firstOffset(disk))
        }
        let named = try openSegment(token.segment)
        do {
            guard token.position <= (try named.size()) else {
                throw foreign("\(named.path) has no byte \(token.position)")
            }
        } catch {
            named.close()
            throw (error as? DiskError)?.asLogError(files.topic) ?? error
        }
        enter(named, at: Place(position: token.position, previousHash: token.previousHash))
    }

    private func foreign(_ reason: String) -> LogError {
        .foreignPosition(topic: files.topic, offset: nextOffset, reason: reason)
    }

    // MARK: - Frames

    /// Reads frames until one holds `nextOffset`, and puts its events into `pending`.
    private func readFrame(committed: UInt64) throws {
        if segment == nil { try openFirst() }
        while pending.isEmpty {
            let loaded = try loadFrame(committed: committed)
            isResumed = false
            if loaded.frame.kind == .seal {
                try hop(over: loaded)
                continue
            }
            following = Place(position: place.position + UInt64(loaded.frame.length), previousHash: loaded.hash)
            pending = loaded.events[Int(nextOffset - loaded.frame.baseOffset)...]
            pendingAppendedAt = Timestamp(microseconds: loaded.frame.time)
            if pending.isEmpty { stepOver() }
        }
    }

    /// The frame at the reader's place, checked by itself and against the one before it.
    private func loadFrame(committed: UInt64) throws -> SegmentReader.Loaded {
        guard let path = segment?.path else { throw LogError.closed(topic: files.topic) }
        func corrupt(_ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: path, byte: place.position, reason: reason)
        }
        let loaded: SegmentReader.Loaded?
        do {
            loaded = try segment?.frame(at: place.position, nextOffset: nextOffset, committed: committed)
        } catch let fault as FrameFault {
            throw corrupt("\(fault), but events up to offset \(committed) were acknowledged")
        } catch let error as DiskError {
            throw error.asLogError(files.topic)
        }
        guard let loaded else { throw LogError.closed(topic: files.topic) }
        let frame = loaded.frame
        guard frame.previousHash == place.previousHash else {
            if isResumed { throw foreign("\(path) has another history before byte \(place.position)") }
            throw corrupt("the hash chain is broken: the frame before was changed or removed")
        }
        guard frame.baseOffset <= nextOffset, nextOffset - frame.baseOffset <= UInt64(frame.eventCount),
            frame.nextOffset <= committed
        else {
            let reason = "offsets \(frame.baseOffset)..<\(frame.nextOffset) where \(nextOffset) belongs"
            throw isResumed ? foreign(reason) : corrupt(reason)
        }
        return loaded
    }

    /// From a seal to the segment after it.
    private func hop(over seal: SegmentReader.Loaded) throws {
        let next = try openSegment(nextOffset)
        guard next.header.previousHash == seal.hash else {
            next.close()
            throw LogError.corrupt(
                topic: files.topic, file: next.path, byte: 64,
                reason: "it does not continue the segment before it: one of the two was replaced")
        }
        enter(next, at: nil)
    }

    private func stepOver() {
        guard let following else { return }
        place = following
        self.following = nil
    }
}

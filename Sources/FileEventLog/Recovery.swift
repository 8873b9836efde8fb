import Contracts
import EventLog
import LogFormat

/// What a writer finds when it opens a topic, and the one repair it may make.
///
/// *Guarantee*: only an un-synced last frame is ever removed, and a copy is kept in `quarantine/`; a last frame that is
/// whole is written and synced again before anybody sees it. Everything else that does not check out is an error that
/// names file and byte. *Why*: with one frame in flight, a crash can tear the last frame and nothing else, so any other
/// fault is damage, and cutting history to get started would lose acknowledged events. *If broken*: a flipped bit in
/// the middle of the log makes every paid order behind it disappear at the next start.
struct Recovery {
    let files: TopicFiles
    let disk: any Disk

    /// Finds the end of the topic, checks it, and mends a torn last frame.
    ///
    /// - Parameters:
    ///   - segments: the first offsets, in order; at least one.
    ///   - acknowledged: the offset that the commit page vouches for.
    ///   - topicID: as the commit page has it; nil where there is no commit page.
    /// - Returns: a scan that stands at the end; its file is open for writing.
    func openTail(segments: [UInt64], acknowledged: UInt64, topicID: [UInt8]?) throws -> SegmentScan {
        let start = try files.start(disk)
        guard let last = segments.last, segments.first == start?.firstOffset ?? 0 else {
            throw files.missing(start?.firstOffset ?? 0)
        }
        try checkJoints(segments)
        var scan = try SegmentScan(files, baseOffset: last, disk: disk, access: .readWrite)
        do {
            guard topicID == nil || scan.header.topicID == topicID else {
                throw LogError.corrupt(
                    topic: files.topic, file: scan.path, byte: 16, reason: "segment and commit page are of two topics")
            }
            guard start == nil || scan.header.topicID == start?.topicID else {
                throw LogError.corrupt(
                    topic: files.topic, file: files.startRecord, byte: 16,
                    reason: "segment and start record are of two topics")
            }
            var lastFrame: SegmentScan.Step?
            while true {
                switch try scan.next() {
                case .success(let step): lastFrame = step
                case .failure(let fault):
                    try settleTail(scan, fault: fault, acknowledged: acknowledged)
                    try writeAgain(lastFrame, in: scan)
                    return scan
                }
            }
        } catch {
            scan.file.close()
            throw error
        }
    }

    /// Each sealed segment must end where the next begins: same offset, same hash.
    private func checkJoints(_ segments: [UInt64]) throws {
        for (before, after) in zip(segments, segments.dropFirst()) {
            let next = try SegmentScan(files, baseOffset: after, disk: disk)
            defer { next.file.close() }
            let sealed = try SegmentScan(files, baseOffset: before, disk: disk)
            defer { sealed.file.close() }
            try Self.checkJoint(files, sealed, next)
        }
    }

    static func checkJoint(_ files: TopicFiles, _ sealed: SegmentScan, _ next: SegmentScan) throws {
        func broken(_ byte: UInt64, _ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: next.path, byte: byte, reason: reason)
        }
        guard sealed.header.topicID == next.header.topicID else {
            throw broken(16, "the segment belongs to another topic")
        }
        guard next.header.previousLength >= UInt64(SegmentHeader.length + Frame.headerLength) else {
            throw broken(40, "its header names no segment before it")
        }
        let sealPosition = next.header.previousLength - UInt64(Frame.headerLength)
        do {
            let bytes = try sealed.file.read(Frame.headerLength, at: sealPosition)
            let seal = try bytes.withUnsafeBytes { try Frame(header: $0) }
            let hash = bytes.withUnsafeBytes { Hash(of: $0) }
            guard seal.kind == .seal, seal.nextOffset == next.header.baseOffset,
                seal.nextSequence == next.header.baseSequence, hash == next.header.previousHash
            else {
                throw broken(
                    40, "it does not continue \(sealed.path): a segment is missing, or one of the two was replaced")
            }
        } catch let fault as FrameFault {
            throw LogError.corrupt(
                topic: files.topic, file: sealed.path, byte: sealPosition,
                reason: "no seal where the next segment expects it: \(fault)")
        } catch let error as DiskError {
            throw error.asLogError(files.topic)
        }
    }

    /// Decides what the bytes after the last good frame are: nothing, a torn last frame, or damage.
    private func settleTail(_ scan: SegmentScan, fault: FrameFault, acknowledged: UInt64) throws {
        func damaged(_ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: scan.path, byte: scan.position, reason: reason)
        }
        let tail = try scan.judgeTail(fault)
        #if MUTANTS
            if Mutant.tailNotTrimmed.isOn, case .torn = tail { return }
            if Mutant.historyTrimmed.isOn { return try trim(scan) }
        #endif
        switch tail {
        case .damaged(let reason):
            throw damaged(reason)
        case .clean where scan.nextOffset < acknowledged:
            throw LogError.acknowledgedDataLost(
                topic: files.topic, end: scan.nextOffset, expected: acknowledged, witness: "the commit page")
        case .torn where scan.nextOffset < acknowledged:
            throw damaged("\(fault), but events up to offset \(acknowledged) were acknowledged")
        case .clean:
            break
        case .torn(let bytes):
            try quarantine(bytes, scan)
        }
    }

    #if MUTANTS
        /// What other logs do at the first bad byte: everything behind it goes.
        private func trim(_ scan: SegmentScan) throws {
            let rest = try scan.file.size() - scan.position
            try scan.file.write([UInt8](repeating: 0, count: Int(rest)), at: scan.position)
            try scan.file.sync()
        }
    #endif

    private func quarantine(_ torn: [UInt8], _ scan: SegmentScan) throws {
        do {
            try disk.createDirectory(files.quarantine)
            let name = files.quarantine + "/\(scan.header.baseOffset)-at-\(scan.position)-"
            var number = 0
            while disk.exists(name + "\(number)") { number += 1 }
            let copy = try disk.open(name + "\(number)", .create)
            defer { copy.close() }
            try copy.write(torn, at: 0)
            try copy.sync()
            try disk.syncDirectory(files.quarantine)
            try scan.file.write([UInt8](repeating: 0, count: torn.count), at: scan.position)
            try scan.file.sync()
        } catch {
            throw error.asLogError(files.topic)
        }
    }

    /// A sync that succeeds after one that failed proves nothing: the pages may be clean and the medium old.
    private func writeAgain(_ step: SegmentScan.Step?, in scan: SegmentScan) throws {
        #if MUTANTS
            if Mutant.lastFrameNotSyncedAgain.isOn { return }
        #endif
        do {
            if let step {
                try scan.file.write(step.bytes, at: step.position)
            }
            try scan.file.sync()
        } catch {
            throw LogError.syncFailed(topic: files.topic, file: scan.path, errno: error.errno)
        }
    }
}

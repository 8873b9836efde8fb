import Contracts
import EventLog

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

    /// The end of a topic that checked out.
    struct Tail {
        var segment: SegmentScan
        var lastFrame: SegmentScan.Step?
    }

    /// - Parameter acknowledged: the offset that the commit page vouches for.
    func openTail(segments: [UInt64], acknowledged: UInt64) throws -> Tail {
        guard let last = segments.last else {
            throw LogError.acknowledgedDataLost(
                topic: files.topic, end: 0, expected: acknowledged, witness: "the commit page")
        }
        try checkJoints(segments)
        var scan = try SegmentScan(files, baseOffset: last, disk: disk, access: .readWrite)
        var lastFrame: SegmentScan.Step?
        do {
            while true {
                switch try scan.next() {
                case .success(let step): lastFrame = step
                case .failure(let fault):
                    try settleTail(scan, fault: fault, acknowledged: acknowledged)
                    try writeAgain(lastFrame, in: scan)
                    return Tail(segment: scan, lastFrame: lastFrame)
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
        func broken(_ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: next.path, byte: 0, reason: reason)
        }
        guard sealed.header.topicID == next.header.topicID else { throw broken("the segment belongs to another topic") }
        guard next.header.previousLength >= UInt64(SegmentHeader.length + Frame.headerLength) else {
            throw broken("its header names no segment before it")
        }
        let sealPosition = next.header.previousLength - UInt64(Frame.headerLength)
        do {
            let bytes = try sealed.file.read(Frame.headerLength, at: sealPosition)
            let seal = try bytes.withUnsafeBytes { try Frame(header: $0) }
            let hash = bytes.withUnsafeBytes { Hash(of: $0) }
            guard seal.kind == .seal, seal.nextOffset == next.header.baseOffset,
                seal.nextSequence == next.header.baseSequence, hash == next.header.previousHash
            else { throw broken("it does not continue \(sealed.path): a segment is missing, or one of the two was replaced") }
        } catch let fault as FrameFault {
            throw LogError.corrupt(
                topic: files.topic, file: sealed.path, byte: sealPosition, reason: "no seal where the next segment expects it: \(fault)")
        } catch let error as DiskError {
            throw error.asLogError(files.topic)
        }
    }

    /// Decides what the bytes after the last good frame are: nothing, a torn last frame, or damage.
    private func settleTail(_ scan: SegmentScan, fault: FrameFault, acknowledged: UInt64) throws {
        let rest: [UInt8]
        do {
            let size = try scan.file.size()
            rest = try scan.file.read(Int(max(size, scan.position) - scan.position), at: scan.position)
        } catch {
            throw error.asLogError(files.topic)
        }
        let used = (rest.lastIndex { $0 != 0 } ?? -1) + 1
        func damaged(_ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: scan.path, byte: scan.position, reason: reason)
        }
        if used > 0 {
            if case .unknown(let what) = fault { throw damaged("\(what), which this program does not know") }
            if scan.isSealed { throw damaged("\(used) bytes after the segment's seal") }
            if used > Frame.maximumLength { throw damaged("\(used) bytes that are no frame, more than one append can leave") }
            if let later = firstFrameHeader(in: rest) {
                throw damaged("\(fault); a whole frame follows at byte \(scan.position + UInt64(later)), so this is no torn tail")
            }
        }
        if scan.nextOffset < acknowledged {
            guard used > 0 else {
                throw LogError.acknowledgedDataLost(
                    topic: files.topic, end: scan.nextOffset, expected: acknowledged, witness: "the commit page")
            }
            throw damaged("\(fault), but events up to offset \(acknowledged) were acknowledged")
        }
        if used > 0 { try quarantine(Array(rest[..<used]), scan) }
    }

    /// A valid frame header anywhere behind the first byte: frames begin at multiples of 8.
    private func firstFrameHeader(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
            stride(from: 8, to: bytes.count - Frame.headerLength + 1, by: 8).first { start in
                bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == Frame.magic.littleEndian
                    && (try? Frame(header: UnsafeRawBufferPointer(rebasing: bytes[start...]))) != nil
            }
        }
    }

    private func quarantine(_ torn: [UInt8], _ scan: SegmentScan) throws {
        do {
            try disk.createDirectory(files.quarantine)
            let copies = try disk.list(files.quarantine).count
            let path = files.quarantine + "/\(scan.header.baseOffset)-at-\(scan.position)-\(copies)"
            let copy = try disk.open(path, .create)
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

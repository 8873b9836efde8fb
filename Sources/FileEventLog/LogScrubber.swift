package import Contracts
package import EventLog
import LogFormat

/// Reads the sealed segments of a topic from the medium, so that rot is known before anyone needs the data, and makes
/// indexes that are missing or wrong anew. For the topic's owner; it writes nothing but indexes.
package struct LogScrubber {
    private let files: TopicFiles
    private let disk: any Disk

    package init(topic: Topic, logDirectory: String, disk: any Disk = PosixDisk()) {
        files = TopicFiles(topic: topic, logDirectory: logDirectory)
        self.disk = disk
    }

    package struct Finding: Sendable {
        package var segments = 0
        package var bytes: UInt64 = 0
        package var indexesMade = 0
        /// What is broken, a segment at most one.
        package var faults: [LogError] = []
    }

    /// Reads every sealed segment once.
    ///
    /// - Parameter pace: told how many bytes were read since the last time; sleeps as long as it likes to bound the rate,
    ///   and ends the pass by returning false.
    /// - Throws: `LogError.unreadable` where the folder cannot be listed, `DiskError` where an index cannot be written: on a
    ///   full disk nothing is damaged.
    package func pass(pace: (Int) -> Bool) throws -> Finding {
        var finding = Finding()
        let segments = try files.segmentOffsets(disk)
        for (base, next) in zip(segments, segments.dropFirst()) {
            do {
                guard try check(base, endsAt: next, &finding, pace) else { return finding }
                finding.segments += 1
            } catch let error as LogError {
                // Moved to the archive meanwhile: no longer this pass's business.
                if try files.firstOffset(disk) > base { continue }
                finding.faults.append(error)
            }
        }
        return finding
    }

    private func check(
        _ base: UInt64, endsAt next: UInt64, _ finding: inout Finding, _ pace: (Int) -> Bool
    ) throws -> Bool {
        var scan = try SegmentScan(files, baseOffset: base, disk: disk)
        defer { scan.file.close() }
        scan.file.forgetCache()
        reading: while true {
            switch try scan.next() {
            case .success(let step):
                finding.bytes += UInt64(step.frame.length)
                guard pace(step.frame.length) else { return false }
            case .failure(let fault):
                try checkEnd(scan, fault, endsAt: next)
                break reading
            }
        }
        let after = try SegmentScan(files, baseOffset: next, disk: disk)
        defer { after.file.close() }
        try Recovery.checkJoint(files, scan, after)
        let indexFile = SegmentIndexFile(files: files, disk: disk)
        if indexFile.read(of: scan.header, besides: scan.path) != scan.index {
            try indexFile.write(scan.index)
            finding.indexesMade += 1
        }
        return true
    }

    private func checkEnd(_ scan: SegmentScan, _ fault: FrameFault, endsAt next: UInt64) throws {
        func damaged(_ reason: String) -> LogError {
            .corrupt(topic: files.topic, file: scan.path, byte: scan.position, reason: reason)
        }
        guard scan.isSealed else { throw damaged("\(fault); the segment has no seal, and another follows") }
        guard scan.nextOffset == next else { throw damaged("its seal ends at \(scan.nextOffset), not at \(next)") }
        if case .damaged(let reason) = try scan.judgeTail(fault) { throw damaged(reason) }
    }
}

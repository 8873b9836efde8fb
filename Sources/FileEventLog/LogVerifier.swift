package import Contracts
package import EventLog
package import LogFormat

/// Reads every frame of a topic from the first segment kept and checks checksums, offsets, sequences and the hash chain.
package struct LogVerifier {
    let files: TopicFiles
    let disk: any Disk
    /// The head of the chain as it was noted earlier, to be found again.
    var notedHead: ChainHead?
    var afterSegment: () -> Void = {}

    package struct Finding: Sendable {
        package var topic: Topic
        package var segments = 0
        package var frames = 0
        package var events: UInt64 = 0
        package var firstOffset: UInt64 = 0
        package var nextOffset: UInt64 = 0
        package var nextSequence: UInt64 = 0
        /// Writer epoch of the last frame.
        package var epoch: UInt32 = 0
        /// Hash of the last frame: with `nextOffset`, the head of the chain.
        package var head = Hash.zero
        /// Whether the head that was noted earlier stands in the chain; nil where none was given.
        package var holdsNotedHead: Bool?
        /// What the commit page says.
        package var acknowledged: UInt64 = 0
        /// Bytes after the last frame that are neither a frame nor zeros: an append that was cut off.
        package var tornTail = false
        /// What is broken, first first; empty where all checks out.
        package var faults: [LogError] = []
    }

    /// May run beside a writer: what it appends meanwhile is partly seen.
    ///
    /// - Throws: only where the disk refuses; what is wrong with the topic is in `faults`.
    package func verify() throws -> Finding {
        var finding = Finding(topic: files.topic)
        do {
            // The commit page before the list of segments: one that is made in between is no loss.
            let commitPage = try CommitPage(files, disk, .read)
            finding.acknowledged = commitPage.committed
            let writerEpoch = commitPage.epoch
            finding.holdsNotedHead = notedHead.map { $0.nextOffset == 0 && $0.hash == .zero }
            try walk(try files.segmentOffsets(disk), commitPage, &finding)
            if finding.nextOffset < finding.acknowledged {
                throw LogError.acknowledgedDataLost(
                    topic: files.topic, end: finding.nextOffset, expected: finding.acknowledged,
                    witness: "the commit page")
            }
            // A writer's first frame is synced before the page names the writer.
            if finding.frames > 0, writerEpoch > finding.epoch {
                throw LogError.corrupt(
                    topic: files.topic, file: files.commitPage, byte: UInt64(CommitPage.epochOffset),
                    reason: "it names writer epoch \(writerEpoch), the last frame has \(finding.epoch)")
            }
        } catch let error as LogError {
            finding.faults.append(error)
        }
        return finding
    }

    private func walk(_ segments: [UInt64], _ commitPage: CommitPage, _ finding: inout Finding) throws {
        // A topic that was begun and never opened has a commit page alone.
        let start = try checkStart(segments)
        if segments.isEmpty, commitPage.committed == 0, commitPage.epoch == 0, start == nil { return }
        guard let first = segments.first else { throw files.missing(start?.firstOffset ?? 0) }
        finding.firstOffset = first
        var before: SegmentScan?
        defer { before?.file.close() }
        for (index, base) in segments.enumerated() {
            var scan = try SegmentScan(files, baseOffset: base, disk: disk)
            var isDone = false
            defer { if !isDone { scan.file.close() } }
            if let before {
                try Recovery.checkJoint(files, before, scan)
            } else if scan.header.topicID != commitPage.topicID {
                throw LogError.corrupt(
                    topic: files.topic, file: scan.path, byte: 16, reason: "segment and commit page are of two topics")
            }
            if let start, start.topicID != scan.header.topicID {
                throw LogError.corrupt(
                    topic: files.topic, file: files.startRecord, byte: 16,
                    reason: "segment and start record are of two topics")
            }
            try walk(&scan, isLast: index == segments.count - 1, &finding)
            before?.file.close()
            before = scan
            isDone = true
            afterSegment()
        }
        guard max(before?.epoch ?? 0, commitPage.epoch) < UInt32.max else {
            throw LogError.corrupt(
                topic: files.topic, file: files.commitPage, byte: 24,
                reason: "writer epoch \(UInt32.max), after which no writer can open the topic")
        }
    }

    /// Where the log itself begins, which a writer goes by: it does not look into the archive.
    ///
    /// - Throws: `LogError.corrupt` where a segment from there on is not in the log's own directory.
    private func checkStart(_ segments: [UInt64]) throws -> TopicStart? {
        while true {
            let start = try files.start(disk)
            let here: Set<UInt64>
            do {
                here = Set(try TopicFiles.offsets(files.directory, disk))
            } catch {
                throw error.asLogError(files.topic)
            }
            // Segments that an archiver moves meanwhile are below a start that it noted before.
            guard try files.start(disk) == start else { continue }
            let first = start?.firstOffset ?? 0
            guard segments.isEmpty || segments.contains(first) else { throw files.missing(first) }
            if let gone = segments.first(where: { $0 >= first && !here.contains($0) }) {
                throw LogError.corrupt(
                    topic: files.topic, file: files.segment(gone), byte: 0,
                    reason: start == nil
                        ? "the segment is archived, and no start record says that the log begins after it"
                        : "the segment is archived, and the start record says that the log begins at offset \(first)")
            }
            return start
        }
    }

    private func walk(_ scan: inout SegmentScan, isLast: Bool, _ finding: inout Finding) throws {
        finding.segments += 1
        while true {
            let fault: FrameFault
            switch try scan.next() {
            case .success(let step):
                try count(step, scan, &finding)
                continue
            case .failure(let found):
                fault = found
            }
            func damaged(_ reason: String) -> LogError {
                .corrupt(topic: files.topic, file: scan.path, byte: scan.position, reason: reason)
            }
            let tail = try scan.judgeTail(fault)
            // Beside a live writer the bytes may have become a frame since they were read.
            if isLast, case .success(let step) = try scan.next() {
                try count(step, scan, &finding)
                continue
            }
            switch tail {
            case .clean where isLast || scan.isSealed: return
            case .clean: throw damaged("the segment ends without a seal, and another follows")
            case .damaged(let reason): throw damaged(reason)
            case .torn where isLast && scan.nextOffset >= finding.acknowledged:
                finding.tornTail = true
                return
            case .torn: throw damaged("\(fault), but events up to offset \(finding.acknowledged) were acknowledged")
            }
        }
    }

    private func count(_ step: SegmentScan.Step, _ scan: SegmentScan, _ finding: inout Finding) throws {
        do {
            _ = try step.bytes.withUnsafeBytes { try step.frame.events($0) }
        } catch let fault as FrameFault {
            throw LogError.corrupt(topic: files.topic, file: scan.path, byte: step.position, reason: "\(fault)")
        }
        finding.frames += 1
        finding.events += UInt64(step.frame.eventCount)
        finding.nextOffset = scan.nextOffset
        finding.nextSequence = scan.nextSequence
        finding.epoch = step.frame.epoch
        finding.head = scan.previousHash
        if let notedHead, notedHead.nextOffset == scan.nextOffset, notedHead.hash == scan.previousHash {
            finding.holdsNotedHead = true
        }
    }
}

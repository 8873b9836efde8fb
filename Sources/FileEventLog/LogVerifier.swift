package import Contracts
package import EventLog

/// Reads every frame of a topic from the first segment kept and checks checksums, offsets, sequences and the hash chain.
package struct LogVerifier {
    let files: TopicFiles
    let disk: any Disk

    package struct Finding: Sendable {
        package var topic: Topic
        package var segments = 0
        package var frames = 0
        package var events: UInt64 = 0
        package var firstOffset: UInt64 = 0
        package var nextOffset: UInt64 = 0
        package var nextSequence: UInt64 = 0
        /// Hash of the last frame: with `nextOffset`, the head of the chain.
        package var head = Hash.zero
        /// What the commit page says.
        package var acknowledged: UInt64 = 0
        /// Bytes after the last frame that are neither a frame nor zeros: an append that was cut off.
        package var tornTail = false
        /// What is broken, first first; empty where all checks out.
        package var faults: [LogError] = []
    }

    package func verify() throws -> Finding {
        var finding = Finding(topic: files.topic)
        let segments: [UInt64]
        do {
            segments = try files.segmentOffsets(disk)
        } catch {
            throw error.asLogError(files.topic)
        }
        do {
            finding.acknowledged = try CommitPage(files, disk, .read).committed
            finding.firstOffset = segments.first ?? 0
            var before: SegmentScan?
            defer { before?.file.close() }
            for (index, base) in segments.enumerated() {
                var scan = try SegmentScan(files, baseOffset: base, disk: disk)
                if let before {
                    try Recovery.checkJoint(files, before, scan)
                    before.file.close()
                }
                before = scan
                try walk(&scan, isLast: index == segments.count - 1, &finding)
                before = scan
            }
            if finding.nextOffset < finding.acknowledged {
                throw LogError.acknowledgedDataLost(
                    topic: files.topic, end: finding.nextOffset, expected: finding.acknowledged, witness: "the commit page")
            }
        } catch let error as LogError {
            finding.faults.append(error)
        }
        return finding
    }

    private func walk(_ scan: inout SegmentScan, isLast: Bool, _ finding: inout Finding) throws {
        finding.segments += 1
        while true {
            switch try scan.next() {
            case .success(let step):
                finding.frames += 1
                finding.events += UInt64(step.frame.eventCount)
                _ = try events(of: step, scan)
                finding.nextOffset = scan.nextOffset
                finding.nextSequence = scan.nextSequence
                finding.head = scan.previousHash
            case .failure(.blank) where isLast || scan.isSealed:
                return
            case .failure(let fault):
                if isLast, !scan.isSealed, scan.nextOffset >= finding.acknowledged {
                    finding.tornTail = true
                    return
                }
                throw LogError.corrupt(topic: files.topic, file: scan.path, byte: scan.position, reason: "\(fault)")
            }
        }
    }

    private func events(of step: SegmentScan.Step, _ scan: SegmentScan) throws -> [[UInt8]] {
        do {
            return try step.bytes.withUnsafeBytes { try step.frame.events($0) }
        } catch let fault as FrameFault {
            throw LogError.corrupt(topic: files.topic, file: scan.path, byte: step.position, reason: "\(fault)")
        }
    }
}

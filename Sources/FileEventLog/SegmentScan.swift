import Contracts
import EventLog
import LogFormat

/// Walks the frames of one segment file in order and checks each against the one before.
///
/// The one place that says what may follow what; recovery, readers and `log verify` all stand on it.
struct SegmentScan {
    let topic: TopicFiles
    let path: String
    let file: any DiskFile
    let header: SegmentHeader

    /// Where the next frame begins.
    private(set) var position: UInt64
    private(set) var nextOffset: UInt64
    private(set) var nextSequence: UInt64
    private(set) var previousHash: Hash
    private(set) var epoch: UInt32 = 0
    private(set) var time: Int64
    private(set) var isSealed = false
    /// Of the frames so far.
    private(set) var index: SegmentIndex

    /// A frame that checked out, and where it lies.
    struct Step {
        let frame: Frame
        let position: UInt64
        let bytes: [UInt8]
    }

    init(_ topic: TopicFiles, baseOffset: UInt64, disk: any Disk, access: FileAccess = .read) throws {
        self.topic = topic
        do {
            (path, file) = try topic.openSegment(baseOffset, disk, access)
        } catch {
            throw error.asLogError(topic.topic)
        }
        do {
            header = try topic.readHeader(file, path: path)
            guard header.baseOffset == baseOffset else {
                throw LogError.corrupt(
                    topic: topic.topic, file: path, byte: 32,
                    reason: "the header begins at offset \(header.baseOffset), the name says \(baseOffset)")
            }
        } catch {
            file.close()
            throw error
        }
        position = UInt64(SegmentHeader.length)
        nextOffset = header.baseOffset
        nextSequence = header.baseSequence
        previousHash = header.previousHash
        time = header.created
        index = SegmentIndex(topicID: header.topicID, baseOffset: baseOffset)
    }

    /// The next frame, checked; a `FrameFault` where the bytes are none, `LogError` where they contradict the frame before.
    mutating func next() throws -> Result<Step, FrameFault> {
        do {
            let header = try file.read(Frame.headerLength, at: position)
            if header.isEmpty { return .failure(.blank) }
            let frame = try header.withUnsafeBytes { try Frame(header: $0) }
            let bytes = try file.read(frame.length, at: position)
            #if MUTANTS
                if !Mutant.checksumIgnored.isOn { try bytes.withUnsafeBytes { try frame.checkPayload($0) } }
            #else
                try bytes.withUnsafeBytes { try frame.checkPayload($0) }
            #endif
            try checkContinues(frame)
            let step = Step(frame: frame, position: position, bytes: bytes)
            advance(past: step)
            return .success(step)
        } catch let fault as FrameFault {
            return .failure(fault)
        } catch let error as DiskError {
            throw error.asLogError(topic.topic)
        }
    }

    private func checkContinues(_ frame: Frame) throws {
        func broken(_ reason: String) -> LogError {
            .corrupt(topic: topic.topic, file: path, byte: position, reason: reason)
        }
        if isSealed { throw broken("a frame after the segment's seal") }
        if frame.baseOffset != nextOffset { throw broken("offset \(frame.baseOffset) where \(nextOffset) belongs") }
        if frame.baseSequence != nextSequence {
            throw broken("sequence \(frame.baseSequence) where \(nextSequence) belongs")
        }
        if frame.previousHash != previousHash {
            throw broken("the hash chain is broken: the frame before was changed or removed")
        }
        if frame.epoch < epoch { throw broken("writer epoch \(frame.epoch) after \(epoch)") }
        if frame.time < time { throw broken("time \(frame.time) after \(time)") }
    }

    private mutating func advance(past step: Step) {
        previousHash = step.bytes.withUnsafeBytes { Hash(of: $0) }
        index.note(step.frame, at: step.position, hash: previousHash)
        position += UInt64(step.frame.length)
        nextOffset = step.frame.nextOffset
        nextSequence = step.frame.nextSequence
        epoch = step.frame.epoch
        time = step.frame.time
        isSealed = step.frame.kind == .seal
    }
}

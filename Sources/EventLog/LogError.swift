package import Contracts

/// What can be wrong with a log. Each says where, and what to do.
package enum LogError: Error, Equatable, CustomStringConvertible {
    /// Bytes that are neither right nor an un-synced last frame.
    case corrupt(topic: Topic, file: String, byte: UInt64, reason: String)
    /// The topic ends before something that was acknowledged, published or read.
    case acknowledgedDataLost(topic: Topic, end: UInt64, expected: UInt64, witness: String)
    /// A position that was made by another log, or by another history of this one.
    case foreignPosition(topic: Topic, offset: UInt64, reason: String)
    /// The event was moved to the archive, which this reader does not read.
    case archived(topic: Topic, offset: UInt64, firstKept: UInt64)
    case writerExists(topic: Topic, directory: String, pid: Int32?)
    case sequenceReused(topic: Topic, sequence: UInt64, offset: UInt64)
    case sequenceGap(topic: Topic, expected: UInt64, got: UInt64)
    case eventTooLarge(topic: Topic, sequence: UInt64, bytes: Int, limit: Int)
    /// Nothing was appended; it can be tried again once there is space.
    case noSpace(topic: Topic, file: String)
    /// A write or sync failed: what is on disk is unknown, the writer is poisoned, the process must end.
    case syncFailed(topic: Topic, file: String, errno: Int32)
    /// The file that was appended to has no name any more: what was appended is gone when the process ends.
    case removed(topic: Topic, file: String)
    case fenced(topic: Topic, epoch: UInt32, byEpoch: UInt32)
    case closed(topic: Topic)
    case unreadable(topic: Topic, file: String, operation: String, errno: Int32)

    package var description: String {
        switch self {
        case .corrupt(let topic, let file, let byte, let reason):
            "topic \(topic) is corrupt at byte \(byte) of \(file): \(reason). Nothing was changed; "
                + "run 'stampede log verify' and restore the file from a copy"
        case .acknowledgedDataLost(let topic, let end, let expected, let witness):
            "topic \(topic) ends at offset \(end), but \(witness) saw \(expected): acknowledged events are gone. "
                + "Nothing was changed; after a power failure start the topic's owner first, "
                + "else restore the topic's files, or the database if that is the newer copy"
        case .foreignPosition(let topic, let offset, let reason):
            "the position at offset \(offset) of topic \(topic) does not belong to this log: \(reason). "
                + "Was the log or the database restored from another copy?"
        case .archived(let topic, let offset, let firstKept):
            "offset \(offset) of topic \(topic) is no longer in the log, which begins at \(firstKept): "
                + "older segments were moved to the archive. Read with the archive at hand"
        case .writerExists(let topic, let directory, let pid):
            "topic \(topic) has a writer already: process \(pid.map(String.init) ?? "unknown") holds the lock on \(directory)"
        case .sequenceReused(let topic, let sequence, let offset):
            "topic \(topic) holds other bytes for sequence \(sequence) at offset \(offset): "
                + "the outbox was rolled back or restored from an old copy"
        case .sequenceGap(let topic, let expected, let got):
            "topic \(topic) expects sequence \(expected) next, got \(got): events of the outbox are missing"
        case .eventTooLarge(let topic, let sequence, let bytes, let limit):
            "sequence \(sequence) for topic \(topic) has \(bytes) bytes, a frame holds \(limit)"
        case .noSpace(let topic, let file):
            "no space to append to topic \(topic) (\(file)); nothing was appended, free some space"
        case .syncFailed(let topic, let file, let errno):
            "writing \(file) of topic \(topic) failed (errno \(errno)): what is on disk is unknown. "
                + "This is final; restart the service, which reads the log again before it writes"
        case .removed(let topic, let file):
            "\(file) of topic \(topic) was removed while it was written to; put the data directory back as it was"
        case .fenced(let topic, let epoch, let byEpoch):
            "the writer of topic \(topic) with epoch \(epoch) was replaced by epoch \(byEpoch)"
        case .closed(let topic):
            "the writer of topic \(topic) is closed"
        case .unreadable(let topic, let file, let operation, let errno):
            "cannot \(operation) \(file) of topic \(topic) (errno \(errno))"
        }
    }
}

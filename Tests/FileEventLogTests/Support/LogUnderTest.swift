import Contracts
import EventLog
import FileEventLog
import Testing
import TestSupport

/// Something that claims to be an `EventLog`, and which of the promises it makes: it can decline one by name.
struct LogUnderTest: Sendable, CustomTestStringConvertible {
    enum Promise: CaseIterable {
        /// One stream a topic, dense offsets, stored positions can be resumed.
        case order
        /// What was appended is there after the log was closed and opened again.
        case durability
        /// The same sequence twice is appended once.
        case idempotence
        /// One writer a topic.
        case fencing
        /// A watcher hears of an append.
        case wakeUp
        /// Old events can be moved away; who asks for them is told so by name.
        case retention
    }

    /// A log, and the same one as another process finds it.
    struct Storage {
        let log: any EventLog
        let reopened: () -> any EventLog
        /// Moves events of a topic away, from the first one up to an offset or a little less. For `retention` alone.
        var retire: (_ topic: Topic, _ below: UInt64) throws -> Void = { _, _ in }
        var keepsAlive: AnyObject?
    }

    let name: String
    let promises: Set<Promise>
    let make: @Sendable () throws -> Storage

    var testDescription: String { name }

    static let all: [LogUnderTest] = [inMemory, onMemoryDisk, onDisk]

    static func keeping(_ promise: Promise) -> [LogUnderTest] {
        all.filter { $0.promises.contains(promise) }
    }

    static let inMemory = LogUnderTest(name: "in memory", promises: Set(Promise.allCases).subtracting([.durability])) {
        let log = InMemoryEventLog()
        return Storage(log: log, reopened: { log }, retire: { log.retire($0, below: $1) })
    }

    static let onMemoryDisk = LogUnderTest(name: "files on a disk in memory", promises: Set(Promise.allCases)) {
        let disk = MemoryDisk()
        return Storage(
            log: makeLog(disk, segmentBytes: 2048), reopened: { makeLog(disk, segmentBytes: 2048, seed: 2) },
            retire: { try archive($0, below: $1, in: "/data/log", disk) })
    }

    static let onDisk = LogUnderTest(name: "files", promises: Set(Promise.allCases)) {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/log"
        return Storage(
            log: makeLog(PosixDisk(), directory: path, segmentBytes: 4096),
            reopened: { makeLog(PosixDisk(), directory: path, segmentBytes: 4096, seed: 2) },
            retire: { try archive($0, below: $1, in: path, PosixDisk()) }, keepsAlive: directory)
    }

    private static func archive(_ topic: Topic, below offset: UInt64, in log: String, _ disk: any Disk) throws {
        let archiver = LogArchiver(topic: topic, logDirectory: log, archiveDirectory: log + "-archive", disk: disk)
        try archiver.run(try archiver.plan(below: offset))
    }
}

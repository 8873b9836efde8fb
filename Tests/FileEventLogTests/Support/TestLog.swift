import Contracts
import EventLog
import FileEventLog
import Foundation
import Synchronization
import Testing
import TestSupport

extension Topic {
    static let test = Topic("test")
}

extension Tag {
    @Tag static var unit: Self
}

/// A clock that only these tests move.
final class TestClock: Sendable {
    private let microseconds = Mutex<Int64>(1_795_000_000_000_000)

    func set(_ value: Int64) { microseconds.withLock { $0 = value } }

    func now() -> Timestamp {
        microseconds.withLock { value in
            value += 1
            return Timestamp(microseconds: value)
        }
    }
}

/// A file log under test, on a disk in memory unless another is given.
func makeLog(
    _ disk: any Disk, directory: String = "/data/log", segmentBytes: UInt64 = 16 << 10, zeroAheadBytes: UInt64 = 0,
    clock: TestClock = TestClock(),
    seed: UInt64 = 1
) -> FileEventLog {
    let random = Mutex(SeededRandom(seed: seed))
    return FileEventLog(
        directory: directory, disk: disk, options: .init(segmentBytes: segmentBytes, zeroAheadBytes: zeroAheadBytes),
        now: { clock.now() },
        randomBytes: { count in random.withLock { $0.bytes(count) } })
}

/// Bytes that differ from event to event.
func event(_ number: Int, bytes: Int = 40) -> [UInt8] {
    var random = SeededRandom(seed: UInt64(number) &+ 77)
    return Array("event \(number) ".utf8) + random.bytes(max(0, bytes - "event \(number) ".utf8.count))
}

func events(_ numbers: Range<Int>, bytes: Int = 40) -> [[UInt8]] {
    numbers.map { event($0, bytes: bytes) }
}

/// All that can be read now, checked to be dense.
func readAll(
    _ log: any EventLog, _ topic: Topic = .test, from position: Position? = nil, maximumEvents: Int = 1000
) throws -> [[UInt8]] {
    let reader = try log.openReader(of: topic, from: position)
    defer { reader.close() }
    return try drain(reader, maximumEvents: maximumEvents)
}

func drain(_ reader: any TopicReader, maximumEvents: Int = 1000, maximumBytes: Int = 1 << 20) throws -> [[UInt8]] {
    var all: [[UInt8]] = []
    while true {
        let first = reader.position.nextOffset
        let some = try reader.read(maximumEvents: maximumEvents, maximumBytes: maximumBytes)
        #expect(some.map(\.offset) == (0..<UInt64(some.count)).map { first + $0 }, "offsets are dense")
        if some.isEmpty { return all }
        all += some.map { Array($0.bytes) }
    }
}

/// A directory of its own under the system's temporary one, removed at the end.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/stampede-log-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // what stays behind lies in the temporary directory
    }
}

extension LogError {
    /// File and byte, where the error is about damage.
    var place: (file: String, byte: UInt64)? {
        if case .corrupt(_, let file, let byte, _) = self { (file, byte) } else { nil }
    }
}

/// Waits for a condition off the cooperative pool's back.
func eventually(_ seconds: Double = 180, _ condition: () throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if try condition() { return true }
        try? await Task.sleep(for: .milliseconds(1))  // a poll, not a wait for time to pass
    }
    return try condition()
}

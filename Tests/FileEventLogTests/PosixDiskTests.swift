import Dispatch
import EventLog
import FileEventLog
import Foundation
import Testing
import TestSupport

@Suite("The real disk")
struct PosixDiskTests {
    @Test(
        "the parent of a path",
        arguments: [
            ("d", "."), (" ", "."), ("é", "."), ("", "."), ("data", "."), ("data/", "."), ("a/b", "a"), ("a//b//", "a"),
            ("/", "/"), ("//", "/"), ("/a", "/"), ("//a", "/"), ("/a/b", "/a"), ("./a", "."), ("../a", ".."),
            ("a/\u{301}b", "a"),
        ])
    func parent(path: String, expected: String) {
        #expect(Path.parent(of: path) == expected)
    }

    @Test("two pieces of work are done side by side, time and again", .timeLimit(.minutes(5)))
    func sideBySide() {
        let disk = PosixDisk()
        let begun = DispatchSemaphore(value: 0)
        for _ in 0..<50 {
            var met = false
            disk.meanwhile({ met = begun.wait(timeout: .now() + 20) == .success }, { begun.signal() })
            #expect(met, "the work waited in vain for what was to run beside it")
        }
    }

    @Test("while the other thread is busy, both are done here, one after the other")
    func busy() {
        let disk = PosixDisk()
        var order: [String] = []
        disk.meanwhile({}, { disk.meanwhile({ order.append("work") }, { order.append("rest") }) })
        #expect(order == ["work", "rest"])
    }

    @Test("what went into a removed segment does not count as appended")
    func removed() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        let writer = try log.openWriter(of: .test)
        defer { writer.close() }
        try writer.append(events(0..<1), firstSequence: 1)
        try FileManager.default.removeItem(atPath: directory.path + "/test")
        for _ in 1...2 {
            let error = #expect(throws: LogError.self) { try writer.append(events(1..<2), firstSequence: 2) }
            guard case .removed(_, let file) = error else {
                Issue.record("\(error as Any)")
                continue
            }
            #expect(file.hasPrefix(directory.path + "/test/"))
        }
    }

    @Test("frames that are hashed beside their write are chained like all others")
    func largeFrames() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path, segmentBytes: 1 << 20)
        let writer = try log.openWriter(of: .test)
        let all = events(0..<400, bytes: 1000)
        for first in stride(from: 0, to: 400, by: 100) {
            try writer.append(Array(all[first..<first + 100]), firstSequence: UInt64(first) + 1)
        }
        writer.close()
        #expect(try log.verify(.test).faults == [])
        #expect(try readAll(log) == all)
    }
}

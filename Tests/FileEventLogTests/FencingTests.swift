import Contracts
import EventLog
import FileEventLog
import Foundation
import Testing
import TestSupport

@Suite("Fencing", .tags(.unit), .timeLimit(.minutes(5)))
struct FencingTests {
    @Test("a second writer is refused at once, with the pid of the first")
    func sameProcess() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        let writer = try log.openWriter(of: .test)
        let refused = LogError.writerExists(
            topic: .test, directory: directory.path + "/test", pid: ProcessInfo.processInfo.processIdentifier)
        #expect(throws: refused) { try log.openWriter(of: .test) }
        writer.close()
        try log.openWriter(of: .test).close()
    }

    @Test(
        "a lock that another process holds is respected, and gone with that process",
        .enabled(if: Python.isThere, "no python3"))
    func otherProcess() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        try log.openWriter(of: .test).close()
        let holder = try Python.start([
            "-c",
            """
            import fcntl, os, sys
            directory = os.open(sys.argv[1], os.O_RDONLY)
            fcntl.flock(directory, fcntl.LOCK_EX)
            print("locked", flush=True)
            sys.stdin.read()
            """, directory.path + "/test",
        ])
        #expect(holder.line() == "locked")
        let refused = LogError.writerExists(topic: .test, directory: directory.path + "/test", pid: holder.pid)
        #expect(throws: refused) { try log.openWriter(of: .test) }
        holder.finish()
        try log.openWriter(of: .test).close()
    }

    @Test(
        "another process finds the topic locked, and a child does not inherit the lock",
        .enabled(if: Python.isThere, "no python3"))
    func lockIsVisibleAndNotInherited() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        let writer = try log.openWriter(of: .test)
        let trying = """
            import fcntl, os, sys
            try:
                fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
                print("free", flush=True)
            except BlockingIOError:
                print("locked", flush=True)
            sys.stdin.read()
            """
        let child = try Python.start(["-c", trying, directory.path + "/test"])
        #expect(child.line() == "locked")
        writer.close()
        // The child lives on; had it inherited the descriptor, the lock would too.
        let next = try log.openWriter(of: .test)
        next.close()
        child.finish()
    }

    @Test("the epoch rises with every opening, and stands in the frames")
    func epochs() throws {
        let disk = MemoryDisk()
        for _ in 0..<5 { try makeLog(disk).openWriter(of: .test).close() }
        let bytes = try #require(disk.contents("/data/log/test/00000000000000000000.segment"))
        #expect(bytes.frameStarts.map { bytes.word($0 + 32) } == [1, 2, 3, 4, 5])
        #expect(disk.contents("/data/log/test/commit")?.word(24) == 5)
    }

    @Test("where the file system forgets locks, the writer that was replaced writes no more")
    func replaced() throws {
        let disk = MemoryDisk()
        disk.forgetLocks()
        let first = try makeLog(disk).openWriter(of: .test)
        try first.append(events(0..<1), firstSequence: 1)
        let second = try makeLog(disk).openWriter(of: .test)
        #expect(throws: LogError.fenced(topic: .test, epoch: 1, byEpoch: 2)) {
            try first.append(events(1..<2), firstSequence: 2)
        }
        try second.append(events(1..<2), firstSequence: 2)
        #expect(try readAll(makeLog(disk)) == events(0..<2))
        #expect(try makeLog(disk).verify(.test).faults == [])
    }

    @Test("an opening that fails gives the lock back")
    func failedOpening() throws {
        let disk = MemoryDisk()
        try makeLog(disk).openWriter(of: .test).close()
        for after in 0..<2 {
            disk.fail(.sync, after: after, errno: MemoryDisk.inputOutput)
            #expect(throws: LogError.self) { try makeLog(disk).openWriter(of: .test) }
            disk.heal()
        }
        try makeLog(disk).openWriter(of: .test).close()
    }

    @Test("a writer that is forgotten without being closed gives the lock back")
    func forgotten() throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        for round in 0..<3 {
            let writer = try log.openWriter(of: .test)
            try writer.append([event(round)], firstSequence: UInt64(round) + 1)
        }
        #expect(try readAll(log) == events(0..<3))
    }
}

import Contracts
import EventLog
import FileEventLog
import Foundation
import Synchronization
import Testing
import TestSupport

@Suite("Wake-up", .tags(.unit), .timeLimit(.minutes(5)))
struct WakeUpTests {
    /// Append, answer, thirty times.
    private func thirtyRounds(_ log: FileEventLog) async throws {
        let writer = try log.openWriter(of: .test)
        let bell = Doorbell()
        let watch = try log.watch([.test], ring: bell)
        defer { watch.close() }
        let reader = try log.openReader(of: .test, from: nil)
        for round in 0..<30 {
            let appending = Task.detached {
                try writer.append([event(round)], firstSequence: UInt64(round) + 1)
            }
            while try reader.read(maximumEvents: 10, maximumBytes: 1000).isEmpty { await bell.wait() }
            try await appending.value
        }
    }

    #if os(Linux)
        @Test("an append wakes a sleeping reader through the mapped page, long before its sleep is over")
        func futex() async throws {
            let directory = try TemporaryDirectory()
            let waits = Mutex<[Bool]>([])
            let disk = HookedDisk(
                base: PosixDisk(),
                waiting: { disk, pages, limit in
                    let isChanged = { pages.contains { $0.page.load32(at: 12) != $0.word } }
                    if isChanged() { return true }
                    let start = ContinuousClock.now
                    let result = disk.wait(for: pages, atMost: limit)
                    if isChanged() { waits.withLock { $0.append(ContinuousClock.now - start < limit * 9 / 10) } }
                    return result
                })
            try await thirtyRounds(makeLog(disk, directory: directory.path))
            let (early, all) = waits.withLock { waits in (waits.filter { $0 }.count, waits.count) }
            #expect(all > 0, "no append came while the waiter slept")
            #expect(early * 2 > all, "of \(all) waits that an append came into, only \(early) ended before their time")
        }
    #endif

    @Test("where pages cannot be waited on, the waiter polls")
    func polling() async throws {
        let directory = try TemporaryDirectory()
        try await thirtyRounds(
            makeLog(HookedDisk(base: PosixDisk(), waiting: { _, _, _ in false }), directory: directory.path))
    }

    @Test("an idle watch sleeps half a second at a time, a tenth while a topic is missing")
    func idle() async throws {
        let directory = try TemporaryDirectory()
        let limits = Mutex<[Duration]>([])
        let disk = HookedDisk(
            base: PosixDisk(),
            waiting: { disk, pages, limit in
                limits.withLock { $0.append(limit) }
                return disk.wait(for: pages, atMost: limit)
            })
        let log = makeLog(disk, directory: directory.path)
        try log.openWriter(of: .test).close()
        let missing = try log.watch([.test, .orders], ring: Doorbell())
        #expect(await eventually { limits.withLock { $0.count } >= 2 })
        missing.close()
        #expect(limits.withLock { $0.first } == .milliseconds(100))
        limits.withLock { $0 = [] }
        let all = try log.watch([.test], ring: Doorbell())
        #expect(await eventually { limits.withLock { $0.contains(.milliseconds(500)) } })
        all.close()
    }

    @Test("waiting ends with the wake word's change, before it or after the time is over")
    func wait() throws {
        let directory = try TemporaryDirectory()
        let disk = PosixDisk()
        let writer = try makeLog(disk, directory: directory.path).openWriter(of: .test)
        let page = try disk.map(directory.path + "/test/commit", .read)
        let word = page.load32(at: 12)
        #if os(Linux)
            #expect(disk.wait(for: [(page, word)], atMost: .milliseconds(1)), "time over")
            #expect(disk.wait(for: [(page, word &+ 1)], atMost: .seconds(60)), "changed already")
        #endif
        try writer.append([event(0)], firstSequence: 1)
        #expect(page.load32(at: 12) == word &+ 1)
        #if os(Linux)
            #expect(disk.wait(for: [(page, word)], atMost: .seconds(60)), "the append changed it")
        #endif
    }

    @Test("closing a watch ends its thread")
    func close() async throws {
        let directory = try TemporaryDirectory()
        let log = makeLog(PosixDisk(), directory: directory.path)
        try log.openWriter(of: .test).close()
        weak var held: AnyObject?
        try {
            let watch = try log.watch([.test], ring: Doorbell())
            held = watch as AnyObject
            watch.close()
        }()
        #expect(await eventually { held == nil }, "the thread kept the waiter, so it still runs")
    }

    @Test("a bell that rang before anybody waited is heard, and a cancelled wait returns")
    func doorbell() async {
        let bell = Doorbell()
        bell.ring()
        bell.ring()
        await bell.wait()
        let waiting = Task { await bell.wait() }
        waiting.cancel()
        await waiting.value
        let again = Task { await bell.wait() }
        bell.ring()
        await again.value
    }
}

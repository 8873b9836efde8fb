import Contracts
import Delivery
import FileEventLog
import GRDB
import Testing

@testable import Simulation

@Suite("The simulated disk", .tags(.simulation), .timeLimit(.minutes(5)))
struct DiskTests {
    /// A machine on which nothing runs but what the test does.
    private struct Bench {
        let world = World(WorldOptions(seed: 1, kinds: []))

        func disk() -> ProcessDisk { ProcessDisk(world.disk, SimulatedProcess(world, .order, number: 1)) }

        func losePower(seed: UInt64 = 1) {
            var random = SeededRandom(seed: seed)
            _ = world.disk.losePower(&random)
        }
    }

    private func file(_ disk: ProcessDisk, _ path: String = "/d/file") throws -> any DiskFile {
        try disk.createDirectory("/d")
        return try disk.open(path, .create)
    }

    @Test("What was synced, name and all, survives every loss of power")
    func keeps() throws {
        for seed in 0..<50 as Range<UInt64> {
            let bench = Bench()
            let disk = bench.disk()
            let file = try file(disk)
            try file.write(Array("kept".utf8), at: 0)
            try file.sync()
            try disk.syncDirectory("/d")
            try file.write(Array("lost?".utf8), at: 4)
            bench.losePower(seed: seed)
            #expect(bench.world.disk.contents("/d/file")?.prefix(4) == Array("kept".utf8)[...])
        }
    }

    @Test("What was not synced is kept, lost, or torn at a sector's edge, and never anything else")
    func tears() throws {
        var outcomes: Set<String> = []
        for seed in 0..<200 as Range<UInt64> {
            let bench = Bench()
            let disk = bench.disk()
            let file = try file(disk)
            try file.write([UInt8](repeating: 1, count: 2048), at: 0)
            try file.sync()
            try disk.syncDirectory("/d")
            try file.write([UInt8](repeating: 2, count: 1024), at: 256)
            bench.losePower(seed: seed)
            let bytes = try #require(bench.world.disk.contents("/d/file"))
            // 256 up to 1280: half of sector 0, sector 1, half of sector 2.
            let parts = [bytes[256..<512], bytes[512..<1024], bytes[1024..<1280]]
            for part in parts { #expect(Set(part).count == 1, "a sector is old or new, not both") }
            #expect(bytes[..<256].allSatisfy { $0 == 1 } && bytes[1280...].allSatisfy { $0 == 1 })
            outcomes.insert(parts.map { "\($0.first ?? 0)" }.joined())
        }
        #expect(outcomes.isSuperset(of: ["111", "222"]))
        #expect(outcomes.count > 4, "it tears: \(outcomes.sorted())")
    }

    @Test("A name that was not synced may be gone; a rename is there or not, never both names or none")
    func names() throws {
        var seen: Set<[String]> = []
        for seed in 0..<100 as Range<UInt64> {
            let bench = Bench()
            let disk = bench.disk()
            let file = try file(disk, "/d/old")
            try file.sync()
            try disk.syncDirectory("/d")
            try disk.rename("/d/old", to: "/d/new")
            _ = try disk.open("/d/more", .create)
            bench.losePower(seed: seed)
            let names = bench.world.disk.list("/d")
            #expect(names.contains("old") != names.contains("new"))
            seen.insert(names)
        }
        #expect(seen == [["old"], ["new"], ["more", "new"]])
    }

    @Test("What a failed sync should have written is there until the power goes, and gone then")
    func failedSync() throws {
        let inode = Inode()
        [UInt8]("first".utf8).withUnsafeBytes { inode.write($0, at: 0) }
        inode.sync()
        [UInt8]("second".utf8).withUnsafeBytes { inode.write($0, at: 0) }
        inode.forgetPending()
        inode.sync()
        #expect(inode.current.bytes == Array("second".utf8))
        var random = SeededRandom(seed: 1)
        _ = inode.losePower(&random)
        #expect(inode.current.bytes == Array("first".utf8))
    }

    @Test("A dead process changes nothing, and holds no lock")
    func fences() throws {
        let bench = Bench()
        let process = SimulatedProcess(bench.world, .order, number: 1)
        let disk = ProcessDisk(bench.world.disk, process)
        let file = try file(disk)
        let lock = try disk.lockDirectory("/d")
        process.die()
        #expect(throws: DiskError.self) { try file.write([1], at: 0) }
        #expect(throws: DiskError.self) { try file.sync() }
        #expect(throws: DiskError.self) { try disk.remove("/d/file") }
        #expect(throws: DiskError.self) { try disk.open("/d/other", .create) }
        #expect(bench.world.disk.contents("/d/file") == [])
        let next = try bench.disk().lockDirectory("/d")
        lock.release()
        #expect(throws: DiskError.self, "the dead one released the lock of another") {
            try bench.disk().lockDirectory("/d")
        }
        next.release()
    }

    @Test("A commit of SQLite's survives a loss of power, by one sync each")
    func commits() throws {
        for seed in 0..<20 as Range<UInt64> {
            let bench = Bench()
            let disk = bench.disk()
            try disk.createDirectory("/db")
            let host = DatabaseHost(disk)
            let database = try ServiceDatabase(path: host.location(of: "/db/test.db"))
            try database.transaction { try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") }
            for number in 1...20 {
                try database.transaction { try $0.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number]) }
            }
            disk.process.die()
            bench.losePower(seed: seed)
            #expect(throws: DatabaseError.self, "a dead handle wrote") {
                try database.transaction { try $0.execute(sql: "INSERT INTO t VALUES (99)") }
            }
            let before = bench.world.disk.files().map(\.image.bytes)
            try? database.close()
            #expect(bench.world.disk.files().map(\.image.bytes) == before, "closing a dead handle changed the disk")

            let after = bench.disk()
            let again = DatabaseHost(after)
            let reopened = try ServiceDatabase(path: again.location(of: "/db/test.db"))
            #expect(try reopened.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 20)
            #expect(try reopened.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
            try reopened.close()
        }
    }
}

import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Evidence is read, and nothing is left beside it.
@Suite(.timeLimit(.minutes(15)))
struct EvidenceTests {
    enum Ending: CaseIterable {
        case running, stopped, killed
    }

    @Test("an audit leaves no trace: nothing is made, changed or removed", arguments: Ending.allCases)
    func noTrace(ending: Ending) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let evidence = try end(shop, ending)
        defer { evidence.remove() }
        let before = try inventory(of: evidence.directory)
        let report = try evidence.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        let after = try inventory(of: evidence.directory)
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        // A reader takes its place in the shared memory of a database that runs; that file is no evidence.
        #expect(changed.allSatisfy { ending == .running && $0.hasSuffix("-shm") }, "\(changed)")
        #expect(Set(before.keys) == Set(after.keys))
    }

    @Test("an audit works on a read-only mount", .enabled(if: getuid() == 0), arguments: [Ending.running, .killed])
    func readOnlyMount(ending: Ending) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let evidence = try end(shop, ending)
        defer { evidence.remove() }
        let mount = evidence.directory + "-mounted"
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        defer { rmdir(mount) }
        // A container may forbid mounts.
        guard run("/bin/mount", "--bind", evidence.directory, mount) == 0 else { return }
        // Lazily: a child that another test is starting may hold a file there for a moment.
        defer { #expect(run("/bin/umount", "--lazy", mount) == 0, "the mount stays: \(mount)") }
        try #require(run("/bin/mount", "-o", "remount,ro,bind", mount) == 0)
        let before = try inventory(of: evidence.directory)
        let report = try Audit(dataDirectory: mount, rebuilder: CopyingRebuilder(directory: mount)).run()
        #expect(report.verdict == .valid, "\(report.words)")
        #expect(try Set(inventory(of: evidence.directory).keys) == Set(before.keys))
    }

    @Test("what a kill -9 left in the write-ahead log is read, and stays there")
    func killed() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        let evidence = try end(shop, .killed)
        defer { evidence.remove() }
        let path = evidence.directory + "/db/order/order.db"
        try #require(try size(path + "-wal") > 0)
        let database = EvidenceDatabase(path: path)
        #expect(!database.ownerRuns())
        #expect(try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM orders") } == 6)
        #expect(try size(path + "-wal") > 0)
        #expect(!FileManager.default.fileExists(atPath: path + "-shm"))
    }

    @Test("a copy that is the audit's own gives the same report, sound or broken", arguments: [true, false])
    func ownCopy(isSound: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        if !isSound {
            try shop.edit(.order, "DELETE FROM orders WHERE order_id = ?", [Data(story.confirmed.bytes)])
        }
        let evidence = try end(shop, .killed)
        defer { evidence.remove() }
        let usual = try evidence.audit()
        let own = try evidence.audit(isOwnCopy: true)
        #expect(own.invariants == usual.invariants, "\(own.words)")
        #expect(own.verdict == (isSound ? .valid : .invalid))
    }

    @Test("nothing can be written through the evidence, running or not", arguments: [true, false])
    func readOnly(isRunning: Bool) throws {
        let shop = try Shop()
        defer { shop.remove() }
        if !isRunning { try shop.stop() }
        let database = EvidenceDatabase(path: shop.directory + "/db/order/order.db")
        #expect(database.ownerRuns() == isRunning)
        #expect(throws: AuditError.self) { try database.read { try $0.execute(sql: "DELETE FROM orders") } }
    }

    @Test("a directory without log, database or journal is an error, not VALID")
    func nothingToAudit() throws {
        let directory = NSTemporaryDirectory() + "/stampede-audit-tests-\(UUID())"
        try FileManager.default.createDirectory(atPath: directory + "/log", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for path in [directory, directory + "/none"] {
            #expect(throws: AuditError.nothingToAudit(path)) { try Audit(dataDirectory: path, rebuilder: nil).run() }
        }
    }

    @Test("a database that is no database is broken, named, and makes what needs it unknown")
    func brokenDatabase() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.stop()
        try Data(repeating: 65, count: 8192).write(
            to: URL(fileURLWithPath: shop.directory + "/db/analytics/analytics.db"))
        let report = try shop.audit()
        #expect(report.broken == [9] && report.unknown.contains(10), "\(report.words)")
        #expect(report[9].violations.first?.message.contains("not a database") == true, "\(report.words)")
        #expect(report[10].waits.first?.message.contains("cannot be read") == true)
    }

    @Test(
        "a database without a table or column that the audit reads is named with what it lacks",
        arguments: [
            ("DROP TABLE inbox_pruned", "inbox_pruned"), ("DROP TABLE injected", "injected"),
            ("ALTER TABLE dead_letters DROP COLUMN origin", "dead_letters.origin"),
            ("ALTER TABLE dead_letters DROP COLUMN corrected", "dead_letters.corrected"),
        ])
    func oldDatabase(sql: String, missing: String) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try shop.databases[.inventory]?.write { try $0.execute(sql: sql) }
        let report = try shop.audit()
        #expect(report.broken.isEmpty && report.unknown.contains(8), "\(report.words)")
        let note = try #require(report[8].notes.first)
        #expect(note.contains("has no \(missing): an older version made it"), "\(note)")
    }

    @Test("the report goes to JSON with the documented keys, and back")
    func json() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.edit(.order, "DELETE FROM orders WHERE order_id = ?", [Data(story.confirmed.bytes)])
        let report = try shop.audit(nil)
        let data = try report.json()
        #expect(try JSONDecoder().decode(AuditReport.self, from: data) == report)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["verdict"] as? String == "INVALID")
        let invariants = try #require(object["invariants"] as? [[String: Any]])
        try #require(invariants.map { $0["id"] as? Int } == Array(1...10))
        #expect(invariants[0]["holds"] as? Bool == false)
        #expect(invariants[1]["holds"] as? Bool == true)
        #expect(invariants[8]["holds"] as? String == "unknown")
        #expect(invariants[1]["explainedTotal"] as? Int == 0 && invariants[1]["explained"] != nil)
        #expect((object["desk"] as? [String: Any])?["letters"] as? Int == 0)
        let violation = try #require((invariants[0]["violations"] as? [[String: Any]])?.first)
        #expect(violation["order"] as? String == story.confirmed.description)
        #expect(violation["file"] != nil && violation["message"] != nil)
    }

    @Test("the text fits 80 columns and says what is broken")
    func text() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        try shop.edit(.order, "DELETE FROM orders WHERE order_id = ?", [Data(story.confirmed.bytes)])
        let lines = AuditText(try shop.audit(nil)).lines
        #expect(lines.dropLast().allSatisfy { $0.count <= AuditText.width }, "\(lines.joined(separator: "\n"))")
        let first = try #require(lines.first)
        #expect(first.hasPrefix("✗ BROKEN    1  ") && first.hasSuffix(" checked"))
        #expect(lines.contains { $0.contains("order \(story.confirmed)") })
        #expect(lines.contains { $0.hasPrefix("? unknown   9  ") })
        #expect(lines.last?.hasPrefix("INVALID  6 orders, ") == true)
    }

    // MARK: - Endings

    /// The data directory as the ending leaves it.
    private func end(_ shop: Shop, _ ending: Ending) throws -> Remains {
        switch ending {
        case .running: break
        case .stopped: try shop.stop()
        case .killed: return Remains(directory: try shop.killed(), isCopy: true)
        }
        return Remains(directory: shop.directory, isCopy: false)
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private func run(_ program: String, _ arguments: String...) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// What a run left behind.
private struct Remains {
    let directory: String
    let isCopy: Bool

    func remove() {
        if isCopy { try? FileManager.default.removeItem(atPath: directory) }  // the system clears what stays
    }

    func audit(isOwnCopy: Bool = false) throws -> AuditReport {
        let rebuilder = CopyingRebuilder(directory: directory)
        return try Audit(dataDirectory: directory, rebuilder: rebuilder, isOwnCopy: isOwnCopy).run()
    }
}

/// Every file below a directory, with what a trace would change.
private func inventory(of directory: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: directory) + [""] {
        var status = stat()
        guard stat(directory + "/" + name, &status) == 0 else { continue }
        #if os(Linux)
            let modified = status.st_mtim
        #else
            let modified = status.st_mtimespec
        #endif
        found[name] = "\(status.st_ino) \(status.st_size) \(modified.tv_sec).\(modified.tv_nsec)"
    }
    return found
}

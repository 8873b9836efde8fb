import FileEventLog
import Synchronization

/// A disk in memory on which something happens just before a segment is opened, once: what another process might do there.
final class InterruptedDisk: Disk {
    private let disk: MemoryDisk
    private let openingsLeft: Mutex<Int>
    private let interrupt: @Sendable () throws -> Void

    /// - Parameter after: segments that are opened before it happens.
    init(_ disk: MemoryDisk, after: Int, _ interrupt: @escaping @Sendable () throws -> Void) {
        self.disk = disk
        openingsLeft = Mutex(after)
        self.interrupt = interrupt
    }

    /// Whether it has happened.
    var wasInterrupted: Bool { openingsLeft.withLock { $0 < 0 } }

    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile {
        let isNow = openingsLeft.withLock { left in
            if path.hasSuffix(".segment") { left -= 1 }
            return path.hasSuffix(".segment") && left == -1
        }
        if isNow {
            do { try interrupt() } catch { throw DiskError("\(error)", path, errno: MemoryDisk.inputOutput) }
        }
        return try disk.open(path, access)
    }

    func createDirectory(_ path: String) throws(DiskError) { try disk.createDirectory(path) }
    func list(_ path: String) throws(DiskError) -> [String] { try disk.list(path) }
    func exists(_ path: String) -> Bool { disk.exists(path) }
    func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
    func link(_ from: String, to: String) throws(DiskError) { try disk.link(from, to: to) }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func syncDirectory(_ path: String) throws(DiskError) { try disk.syncDirectory(path) }
    func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock { try disk.lockDirectory(path) }
    func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage { try disk.map(path, access) }

    func wait(for pages: [(page: any SharedPage, word: UInt32)], atMost limit: Duration) -> Bool {
        disk.wait(for: pages, atMost: limit)
    }
}

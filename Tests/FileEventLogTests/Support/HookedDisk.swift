import FileEventLog
import Synchronization

/// A disk with the test between the log and some of its calls.
struct HookedDisk<Base: Disk>: Disk {
    typealias Pages = [(page: any SharedPage, word: UInt32)]

    let base: Base
    /// Before a file is opened.
    var opening: @Sendable (_ path: String) throws(DiskError) -> Void = { _ in }
    /// Before a file gets its name.
    var renaming: @Sendable (_ from: String) throws(DiskError) -> Void = { _ in }
    var waiting: @Sendable (Base, Pages, Duration) -> Bool = { $0.wait(for: $1, atMost: $2) }

    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile {
        try opening(path)
        return try base.open(path, access)
    }

    func wait(for pages: Pages, atMost limit: Duration) -> Bool { waiting(base, pages, limit) }

    func createDirectory(_ path: String) throws(DiskError) { try base.createDirectory(path) }
    func list(_ path: String) throws(DiskError) -> [String] { try base.list(path) }
    func exists(_ path: String) -> Bool { base.exists(path) }
    func rename(_ from: String, to: String) throws(DiskError) {
        try renaming(from)
        try base.rename(from, to: to)
    }
    func link(_ from: String, to: String) throws(DiskError) { try base.link(from, to: to) }
    func remove(_ path: String) throws(DiskError) { try base.remove(path) }
    func syncDirectory(_ path: String) throws(DiskError) { try base.syncDirectory(path) }
    func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock { try base.lockDirectory(path) }
    func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage { try base.map(path, access) }
}

/// Something that happens just before a segment is opened, once: what another process might do there.
final class Interruption: Sendable {
    private let openingsLeft: Mutex<Int>
    private let happen: @Sendable () throws -> Void

    /// - Parameter after: segments that are opened before it happens.
    init(after: Int, _ happen: @escaping @Sendable () throws -> Void) {
        openingsLeft = Mutex(after)
        self.happen = happen
    }

    var hasHappened: Bool { openingsLeft.withLock { $0 < 0 } }

    func opening(_ path: String) throws(DiskError) {
        guard path.hasSuffix(".segment") else { return }
        let left = openingsLeft.withLock { left in
            left -= 1
            return left
        }
        guard left == -1 else { return }
        do { try happen() } catch { throw DiskError("\(error)", path, errno: MemoryDisk.inputOutput) }
    }
}

import CSimulatedDisk
import Contracts
import FileEventLog
import Synchronization

/// Lets SQLite in one simulated process work on the simulated disk.
///
/// SQLite finds it by the VFS in a database's path, `file:/path?vfs=NAME`. Unchecked: a world runs on one thread.
final class DatabaseHost: @unchecked Sendable {
    private let identifier: Int
    private let name: UnsafePointer<CChar>
    let disk: ProcessDisk

    /// All hosts, by the number that the C side hands back.
    private static let hosts = Mutex<(all: [Int: Unmanaged<DatabaseHost>], last: Int)>(([:], 0))

    init(_ disk: ProcessDisk) {
        _ = Self.installed
        self.disk = disk
        identifier = Self.hosts.withLock { hosts in
            hosts.last += 1
            return hosts.last
        }
        guard let name = simulated_vfs_acquire(identifier) else {
            preconditionFailure("more simulated processes at a time than there is room for")
        }
        self.name = name
        Self.hosts.withLock { [identifier] in $0.all[identifier] = Unmanaged.passUnretained(self) }
    }

    deinit {
        Self.hosts.withLock { [identifier] in _ = $0.all.removeValue(forKey: identifier) }
        simulated_vfs_release(name)
    }

    /// What to open instead of a path.
    func location(of path: String) -> String { "file:\(path)?vfs=\(String(cString: name))" }

    fileprivate static func host(_ identifier: Int) -> DatabaseHost? {
        hosts.withLock { $0.all[identifier] }?.takeUnretainedValue()
    }

    // MARK: - SQLite's calls

    /// A file that SQLite has open.
    fileprivate final class OpenFile {
        let file: SimulatedFile
        let host: DatabaseHost
        /// A log or journal that may be made: its first sync makes its name durable too, as SQLite's own VFS does.
        var syncsDirectory: Bool
        let removesItself: Bool

        init(_ file: SimulatedFile, _ host: DatabaseHost, syncsDirectory: Bool, removesItself: Bool) {
            self.file = file
            self.host = host
            self.syncsDirectory = syncsDirectory
            self.removesItself = removesItself
        }
    }

    private var temporaries = 0

    fileprivate func open(_ name: String?, flags: Int32) throws(DiskError) -> OpenFile {
        guard let name else {
            // Of no interest to anybody else, and gone with its process.
            temporaries += 1
            return OpenFile(
                SimulatedFile(Inode(), "/temporary-\(temporaries)", disk), self, syncsDirectory: false,
                removesItself: false)
        }
        let isThere = disk.exists(name)
        guard isThere || flags & SQLite.openCreate != 0 else {
            throw DiskError("open", name, errno: ErrorNumber.missing)
        }
        let inode = try disk.openFile(name, isThere ? .readWrite : .create)
        let isJournal = flags & (SQLite.openWAL | SQLite.openMainJournal) != 0
        return OpenFile(
            SimulatedFile(inode, name, disk), self, syncsDirectory: isJournal,
            removesItself: flags & SQLite.openDeleteOnClose != 0)
    }

    fileprivate func sync(_ open: OpenFile) throws(DiskError) {
        try open.file.sync(open.file.path.hasSuffix("-wal") ? .commit : .sync)
        guard open.syncsDirectory else { return }
        try disk.syncDirectory(Path.parent(of: open.file.path))
        open.syncsDirectory = false
    }

    fileprivate func remove(_ name: String, syncsDirectory: Bool) throws(DiskError) {
        try disk.remove(name)
        if syncsDirectory { try disk.syncDirectory(Path.parent(of: name)) }
    }

    private static let installed: Void = simulated_vfs_install(.simulated)
}

/// SQLite's numbers (sqlite.org/c3ref/c_open_autoproxy.html, rescode.html).
private enum SQLite {
    static let openCreate: Int32 = 0x4
    static let openDeleteOnClose: Int32 = 0x8
    static let openMainJournal: Int32 = 0x800
    static let openWAL: Int32 = 0x80000

    static let ok: Int32 = 0
    static let full: Int32 = 13
    static let cannotOpen: Int32 = 14
    static let input: Int32 = 10
    static let read: Int32 = input | 1 << 8
    static let shortRead: Int32 = input | 2 << 8
    static let write: Int32 = input | 3 << 8
    static let sync: Int32 = input | 4 << 8
    static let truncate: Int32 = input | 6 << 8
    static let size: Int32 = input | 7 << 8
    static let delete: Int32 = input | 10 << 8
    static let deleteMissing: Int32 = input | 23 << 8

    static func file(_ pointer: UnsafeMutableRawPointer?) -> DatabaseHost.OpenFile {
        guard let pointer else { preconditionFailure("SQLite calls on no file") }
        return Unmanaged<DatabaseHost.OpenFile>.fromOpaque(pointer).takeUnretainedValue()
    }

    static func result(_ code: Int32, _ body: () throws(DiskError) -> Void) -> Int32 {
        do {
            try body()
            return ok
        } catch {
            return error.errno == ErrorNumber.noSpace ? full : code
        }
    }
}

extension simulated_vfs_calls {
    fileprivate static let simulated = simulated_vfs_calls(
        open: { host, name, flags, result in
            guard let host = DatabaseHost.host(host) else { return nil }
            let path = name.map { String(cString: $0) }
            var file: UnsafeMutableRawPointer?
            result?.pointee = SQLite.result(SQLite.cannotOpen) { () throws(DiskError) in
                file = Unmanaged.passRetained(try host.open(path, flags: flags)).toOpaque()
            }
            return file
        },
        close: { file in
            let open = SQLite.file(file)
            if open.removesItself { try? open.host.disk.remove(open.file.path) }  // a dead process leaves it
            Unmanaged.passUnretained(open).release()
        },
        read: { file, buffer, count, offset in
            let memory = UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
            var done = 0
            let code = SQLite.result(SQLite.read) { () throws(DiskError) in
                done = try SQLite.file(file).file.read(into: memory, at: UInt64(offset))
            }
            guard code == SQLite.ok, done < memory.count else { return code }
            UnsafeMutableRawBufferPointer(rebasing: memory[done...]).initializeMemory(as: UInt8.self, repeating: 0)
            return SQLite.shortRead
        },
        write: { file, bytes, count, offset in
            SQLite.result(SQLite.write) { () throws(DiskError) in
                try SQLite.file(file).file.write(
                    UnsafeRawBufferPointer(start: bytes, count: Int(count)), at: UInt64(offset))
            }
        },
        truncate: { file, length in
            SQLite.result(SQLite.truncate) { () throws(DiskError) in
                try SQLite.file(file).file.truncate(to: Int(length))
            }
        },
        sync: { file in
            SQLite.result(SQLite.sync) { () throws(DiskError) in
                let open = SQLite.file(file)
                try open.host.sync(open)
            }
        },
        size: { file, length in
            SQLite.result(SQLite.size) { () throws(DiskError) in
                length?.pointee = Int64(try SQLite.file(file).file.size())
            }
        },
        remove: { host, name, syncsDirectory in
            guard let host = DatabaseHost.host(host), let name else { return SQLite.delete }
            let path = String(cString: name)
            guard host.disk.exists(path) else { return SQLite.deleteMissing }
            return SQLite.result(SQLite.delete) { () throws(DiskError) in
                try host.remove(path, syncsDirectory: syncsDirectory != 0)
            }
        },
        exists: { host, name in
            guard let host = DatabaseHost.host(host), let name else { return 0 }
            let path = String(cString: name)
            // SQLite asks whether there is a log to recover: an empty one is none.
            return host.disk.exists(path) && host.disk.disk.inode(path)?.current.count ?? 0 > 0 ? 1 : 0
        },
        random: { host in DatabaseHost.host(host)?.disk.process.randomness.next() ?? 0 },
        now: { host in DatabaseHost.host(host)?.disk.process.world.time.wall.microseconds ?? 0 })
}

import Foundation
import GRDBSQLite
import Synchronization

/// SQLite's own way to the file system, with every sync of a file counted: what SQLite does, not what a pragma says.
enum CountingVFS {
    private typealias Sync = @convention(c) (UnsafeMutablePointer<sqlite3_file>?, Int32) -> Int32

    private static let counted = Mutex(0)
    private static let originalSync = Mutex<Sync?>(nil)

    /// Syncs of all databases opened through it so far.
    static var syncs: Int { counted.withLock { $0 } }

    /// A database path that goes through it.
    static func path(_ path: String) -> String {
        registered
        return "file:\(path)?vfs=counting"
    }

    private static let registered: Void = {
        guard let original = sqlite3_vfs_find(nil) else { preconditionFailure("SQLite has a default VFS") }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: original.pointee)
        vfs.pointee.zName = UnsafePointer(strdup("counting"))
        vfs.pointee.xOpen = { vfs, name, file, flags, outFlags in
            let code = sqlite3_vfs_find(nil).pointee.xOpen(vfs, name, file, flags, outFlags)
            if code == SQLITE_OK, let file, let methods = file.pointee.pMethods {
                // Stays for as long as the file might: a few hundred bytes a file.
                let counting = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
                counting.initialize(to: methods.pointee)
                originalSync.withLock { $0 = methods.pointee.xSync }
                counting.pointee.xSync = { file, flags in
                    counted.withLock { $0 += 1 }
                    return originalSync.withLock { $0 }?(file, flags) ?? SQLITE_IOERR
                }
                file.pointee.pMethods = UnsafePointer(counting)
            }
            return code
        }
        sqlite3_vfs_register(vfs, 0)
    }()
}

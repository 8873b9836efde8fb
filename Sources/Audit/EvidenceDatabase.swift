import Foundation
package import GRDB
import Synchronization

/// A database as evidence: read in one short transaction, with no trace left beside it.
///
/// *Guarantee*: nothing is created, changed or removed in the database's directory, after a clean stop, after a
/// `kill -9`, and on a read-only mount. *Why two ways*: a WAL database cannot be read without its `-shm` file, and
/// SQLite makes one where there is none. While the owner runs (it holds the kernel lock on the directory) the file is
/// there and is shared. Otherwise the database and its write-ahead log are copied to a private directory, and the copy
/// is opened. *If broken*: an audit after a crash changes the state that the next start recovers from.
///
/// A database that is the reader's alone needs no such care: it is opened where it lies, once.
///
/// A short read of a large database need not copy it: it is given a second name (a hard link) in the private directory,
/// and opened there for reading; what it holds is taken for true only if nobody came meanwhile.
package struct EvidenceDatabase: Sendable {
    package let path: String
    private let own: OwnConnection?
    private let isLinked: Bool
    private var directory: String { (path as NSString).deletingLastPathComponent }

    /// Attempts at a consistent copy while somebody starts, stops or writes.
    private static let attempts = 50
    private static let pauseSeconds = 0.05
    private static let busyTimeoutSeconds = 5.0

    /// - Parameters:
    ///   - path: the database file; the directory it lies in is the one that its owner locks.
    ///   - isForShortReads: whether a resting database is linked, where the file system lets it, instead of copied; `body`
    ///     may then be run again.
    package init(path: String, isForShortReads: Bool = false) {
        self.path = path
        own = nil
        isLinked = isForShortReads
    }

    /// - Parameter ownPath: a database that nobody else uses, and that nobody will use after this reader.
    package init(ownPath path: String) {
        self.path = path
        own = OwnConnection(nil)
        isLinked = false
    }

    /// A database that nobody else uses, open already.
    package init(own queue: DatabaseQueue) {
        path = queue.path
        own = OwnConnection(queue)
        isLinked = false
    }

    /// Whether there is anything of this name, also a link to nothing.
    package var exists: Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Reads in one transaction: one state of the database.
    ///
    /// - Throws: `AuditError.unreadable`, `.damaged`.
    package func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        for suffix in Self.suffixes + ["-shm"] {
            var status = stat()
            // Opening a named pipe blocks until a process opens it for writing.
            guard stat(path + suffix, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
                throw AuditError.unreadable(file: path + suffix, reason: "it is no regular file")
            }
        }
        if let own { return try reading { try own.queue(path).read(body) } }
        for attempt in 1...Self.attempts {
            if attempt > 1 { Thread.sleep(forTimeInterval: Self.pauseSeconds) }
            if ownerRuns() {
                // Not there for a moment while the owner opens or closes its database.
                guard exists(suffix: "-shm"), exists(suffix: "-wal") else { continue }
                do {
                    return try readShared(body)
                } catch {
                    // An owner that just ended takes its write-ahead log with it: then there is a whole file to copy.
                    if ownerRuns() { throw error }
                    continue
                }
            }
            let copy = try temporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: copy) }  // private; the system clears what stays
            if isLinked, link(path, copy + "/copy") == 0 {
                if let value = try readLinked(copy, body) { return value }
                continue
            }
            guard try copyWhole(to: copy) else { continue }
            return try reading { try OwnConnection(nil).queue(copy + "/copy").read(body) }
        }
        throw AuditError.unreadable(file: path, reason: "it kept changing while it was copied")
    }

    /// Whether a process holds the lock on the directory, which every owner does for its life.
    package func ownerRuns() -> Bool {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }  // releases the lock, had at most for this moment
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    // MARK: - Reading

    private func readShared<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try readInPlace(path, body)
    }

    private func readInPlace<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
        return try reading {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let value = try queue.read(body)
            try queue.close()
            return value
        }
    }

    /// Reads a resting database by its second name, with a copy of its write-ahead log. It is open for reading alone, so
    /// that closing it cannot write the log back. Nil where the files changed meanwhile, or an owner came.
    private func readLinked<Value>(_ directory: String, _ body: (Database) throws -> Value) throws -> Value? {
        let before = fingerprints()
        do {
            for suffix in Self.suffixes.dropFirst() where before[suffix] != nil {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: directory + "/copy" + suffix)
            }
            let value = try readInPlace(directory + "/copy", body)
            return fingerprints() == before && !ownerRuns() ? value : nil
        } catch {
            if fingerprints() != before || ownerRuns() { return nil }
            throw error
        }
    }

    private func reading<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            throw AuditError.damaged(file: self.path, reason: error.message ?? "\(error)")
        } catch let error as DatabaseError {
            throw AuditError.unreadable(file: self.path, reason: "\(error)")
        }
    }

    // MARK: - Copying

    /// False where the files changed under the copy, or an owner came.
    private func copyWhole(to directory: String) throws -> Bool {
        let before = fingerprints()
        for suffix in Self.suffixes where before[suffix] != nil {
            do {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: directory + "/copy" + suffix)
            } catch {
                guard exists(suffix: suffix) else { return false }
                throw AuditError.unreadable(file: path + suffix, reason: "\(error)")
            }
        }
        guard before[""] != nil else { throw AuditError.unreadable(file: path, reason: "there is no such file") }
        return fingerprints() == before && !ownerRuns()
    }

    private static let suffixes = ["", "-wal", "-journal"]

    private struct Fingerprint: Equatable {
        var inode: UInt64
        var bytes: Int64
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int
    }

    private func fingerprints() -> [String: Fingerprint] {
        var found: [String: Fingerprint] = [:]
        for suffix in Self.suffixes {
            var status = stat()
            guard stat(path + suffix, &status) == 0 else { continue }
            #if os(Linux)
                let modified = status.st_mtim
            #else
                let modified = status.st_mtimespec
            #endif
            found[suffix] = Fingerprint(
                inode: UInt64(status.st_ino), bytes: Int64(status.st_size), modifiedSeconds: Int(modified.tv_sec),
                modifiedNanoseconds: Int(modified.tv_nsec))
        }
        return found
    }

    private func exists(suffix: String) -> Bool {
        FileManager.default.fileExists(atPath: path + suffix)
    }

    private func temporaryDirectory() throws -> String {
        try TemporaryDirectory.make("evidence")
    }
}

/// The one connection to a database that is its reader's alone: made when it is first needed, closed with its last user.
private final class OwnConnection: Sendable {
    private let made: Mutex<DatabaseQueue?>

    /// - Parameter queue: nil for one that is still to be made.
    init(_ queue: DatabaseQueue?) {
        made = Mutex(queue)
    }

    func queue(_ path: String) throws -> DatabaseQueue {
        try made.withLock { made in
            if let made { return made }
            guard FileManager.default.fileExists(atPath: path) else {
                throw AuditError.unreadable(file: path, reason: "there is no such file")
            }
            var configuration = Configuration()
            // In exclusive mode, SQLite keeps the index of a write-ahead log in its own memory: no file is made for it.
            configuration.prepareDatabase {
                try $0.execute(sql: "PRAGMA query_only = ON; PRAGMA locking_mode = EXCLUSIVE")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            made = queue
            return queue
        }
    }
}

/// Private directories outside of the evidence.
enum TemporaryDirectory {
    /// A new directory that only this user can read.
    static func make(_ name: String) throws -> String {
        var template = Array((NSTemporaryDirectory() + "/stampede-\(name)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw AuditError.unreadable(
                file: NSTemporaryDirectory(), reason: "no temporary directory can be made in it (errno \(errno))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

import Contracts
import Foundation

/// The disk as the log sees it: a port, so that the simulation can put a disk under it that loses, tears and rots.
package protocol Disk: Sendable {
    /// Creates the directory and its parents where they are missing; on return its entry survives a power loss.
    func createDirectory(_ path: String) throws(DiskError)
    /// Names in a directory, sorted; empty where there is no such directory.
    func list(_ path: String) throws(DiskError) -> [String]
    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile
    func exists(_ path: String) -> Bool
    func rename(_ from: String, to: String) throws(DiskError)
    /// Gives a file a second name.
    ///
    /// - Throws: `DiskError`; `cannotLink` where the file system has no second names, or the place is on another one.
    func link(_ from: String, to: String) throws(DiskError)
    func remove(_ path: String) throws(DiskError)
    /// Makes creations, renames and removals in the directory survive a power loss.
    func syncDirectory(_ path: String) throws(DiskError)
    /// An exclusive lock on the directory itself, held until released or the process ends.
    ///
    /// - Throws: `DiskError` with `errno` EWOULDBLOCK and `holder` while another process has it.
    func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock
    /// Maps a file of one page that processes share.
    func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage
    /// Does some work while `body` waits for the disk: on another thread where there is one. Returns when both are done.
    func meanwhile(_ work: () -> Void, _ body: () -> Void)
    /// Sleeps until a page's wake word is no longer what was expected, or the time is over.
    /// False where the pages cannot be waited on: the caller polls.
    func wait(for pages: [(page: any SharedPage, word: UInt32)], atMost: Duration) -> Bool
    /// Sleeps for so long where pages cannot be waited on.
    func pause(_ duration: Duration)
    /// Calls `turn` over and over until it returns false: on a thread of its own, in which it may wait and pause.
    func watch(_ name: String, _ turn: @escaping @Sendable () -> Bool)
}

extension Disk {
    package func pause(_ duration: Duration) {
        Thread.sleep(forTimeInterval: Double(duration.microseconds) / 1_000_000)
    }

    package func watch(_ name: String, _ turn: @escaping @Sendable () -> Bool) {
        let thread = Thread {
            while turn() {}
        }
        thread.name = name
        thread.start()
    }

    package func meanwhile(_ work: () -> Void, _ body: () -> Void) {
        work()
        body()
    }
}

package enum FileAccess: Sendable {
    case read
    case readWrite
    /// Fails where the file is there already.
    case create
}

package protocol DiskFile: Sendable {
    /// Fills the buffer from the offset on; fewer bytes only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError)
    /// Returns when all that was written is on the medium (fdatasync).
    func sync() throws(DiskError)
    /// Lets the next read come from the medium and not from memory, where the system can be asked for that.
    func forgetCache()
    /// Reserves space for the first `count` bytes, which read as zeros until they are written.
    func allocate(_ count: UInt64) throws(DiskError)
    func size() throws(DiskError) -> UInt64
    /// False once its last name was removed: what is written goes with the process.
    var hasName: Bool { get }
    func close()
}

extension DiskFile {
    package func forgetCache() {}

    package var hasName: Bool { true }

    package func write(_ bytes: some Collection<UInt8>, at offset: UInt64) throws(DiskError) {
        let result = Array(bytes).withUnsafeBytes { bytes in
            Result { () throws(DiskError) in try write(bytes, at: offset) }
        }
        try result.get()
    }

    /// Up to `count` bytes; fewer only at the end of the file.
    package func read(_ count: Int, at offset: UInt64) throws(DiskError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(DiskError) in try read(into: buffer, at: offset) }
        }
        bytes.removeLast(count - (try result.get()))
        return bytes
    }
}

package protocol DirectoryLock: Sendable {
    func release()
}

/// A page of 4096 bytes shared between processes; byte layout in `CommitPage`.
package protocol SharedPage: Sendable {
    func load32(at offset: Int) -> UInt32
    func load64(at offset: Int) -> UInt64
    func store32(_ value: UInt32, at offset: Int)
    func store64(_ value: UInt64, at offset: Int)
    /// Changes the wake word and wakes who waits for it.
    func wake(at offset: Int)
    func close()
}

/// A call to the operating system that failed.
package struct DiskError: Error, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let errno: Int32
    /// For a lock: the process that holds it, where the system tells.
    package let holder: Int32?

    package init(_ operation: String, _ path: String, errno: Int32, holder: Int32? = nil) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.holder = holder
    }

    package var description: String {
        "\(operation) \(path): \(String(cString: strerror(errno))) (errno \(errno))"
            + (holder.map { ", held by process \($0)" } ?? "")
    }
}

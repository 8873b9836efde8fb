import Delivery
import Foundation
import Synchronization

/// An `AppendOnlyFile` on a POSIX file system.
///
/// Its directory and the file are made where they are missing, readable by owner and group.
package final class PosixAppendOnlyFile: AppendOnlyFile {
    package let path: String
    private let descriptor: Mutex<Int32>

    package init(path: String) throws {
        self.path = path
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
        if !FileManager.default.fileExists(atPath: directory.path) {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
            try Self.syncDirectory(directory.deletingLastPathComponent().path)
        }
        descriptor = Mutex(try Self.open(path))
    }

    deinit {
        descriptor.withLock { _ = close($0) }
    }

    /// The length of the file that has this name now: a file put in the place of the old one is opened instead.
    package func length() throws -> Int64 {
        try descriptor.withLock { descriptor in
            var mine = stat()
            guard fstat(descriptor, &mine) == 0 else { throw fault("look at") }
            var named = stat()
            let isThere = stat(path, &named) == 0
            if !isThere || named.st_ino != mine.st_ino || named.st_dev != mine.st_dev {
                let other = try Self.open(path)
                close(descriptor)
                descriptor = other
                guard fstat(descriptor, &mine) == 0 else { throw fault("look at") }
            }
            return Int64(mine.st_size)
        }
    }

    package func read(_ range: Range<Int64>) throws -> [UInt8] {
        try descriptor.withLock { descriptor in
            try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
                count = 0
                while count < range.count {
                    let room = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let got = pread(descriptor, room.baseAddress, room.count, off_t(range.lowerBound) + off_t(count))
                    if got < 0, errno == EINTR { continue }
                    guard got >= 0 else { throw fault("read") }
                    guard got > 0 else { throw FileFault.failed(path: path, operation: "read to the end of", errno: 0) }
                    count += got
                }
            }
        }
    }

    package func append(_ bytes: [UInt8]) throws {
        try descriptor.withLock { descriptor in
            try bytes.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                    let written = write(descriptor, rest.baseAddress, rest.count)
                    if written < 0, errno == EINTR { continue }
                    guard written > 0 else {
                        throw [ENOSPC, EDQUOT, EFBIG].contains(errno)
                            ? FileFault.noSpace(path: path) : fault("append to")
                    }
                    done += written
                }
            }
        }
    }

    package func sync() throws {
        try descriptor.withLock { descriptor in
            guard fdatasync(descriptor) == 0 else { throw FileFault.syncFailed(path: path, errno: errno) }
        }
    }

    package func truncate(to length: Int64) throws {
        try descriptor.withLock { descriptor in
            guard ftruncate(descriptor, off_t(length)) == 0 else { throw fault("truncate") }
        }
    }

    private func fault(_ operation: String) -> FileFault {
        .failed(path: path, operation: operation, errno: errno)
    }

    /// Opens for appending; a file that is made here is made for good, its name included.
    private static func open(_ path: String) throws -> Int32 {
        let flags = O_RDWR | O_APPEND | O_CLOEXEC
        let existing = Foundation.open(path, flags)
        if existing >= 0 { return existing }
        guard errno == ENOENT else { throw FileFault.failed(path: path, operation: "open", errno: errno) }
        let made = Foundation.open(path, flags | O_CREAT, 0o640)
        guard made >= 0 else {
            throw errno == ENOSPC
                ? FileFault.noSpace(path: path) : FileFault.failed(path: path, operation: "create", errno: errno)
        }
        do {
            try syncDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        } catch {
            close(made)
            throw error
        }
        return made
    }

    private static func syncDirectory(_ path: String) throws {
        let directory = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileFault.failed(path: path, operation: "open", errno: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw FileFault.syncFailed(path: path, errno: errno) }
    }
}

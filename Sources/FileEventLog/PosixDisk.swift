import CPlatform
import Contracts
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The real disk.
package struct PosixDisk: Disk {
    private let companion = Companion()

    package init() {}

    package func createDirectory(_ path: String) throws(DiskError) {
        var missing: [String] = []
        var current = path
        while !exists(current) {
            missing.append(current)
            current = Path.parent(of: current)
        }
        for directory in missing.reversed() {
            guard mkdir(directory, 0o750) == 0 || errno == EEXIST else {
                throw DiskError("create", directory, errno: errno)
            }
            try syncParent(of: directory)
        }
        // Whoever made it may have died before its entry was synced.
        if missing.isEmpty { try syncParent(of: path) }
    }

    private func syncParent(of path: String) throws(DiskError) {
        try syncDirectory(Path.parent(of: path))
    }

    package func list(_ path: String) throws(DiskError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw DiskError("list", path, errno: errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    package func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile {
        PosixFile(descriptor: try openDescriptor(path, access), path: path)
    }

    package func rename(_ from: String, to: String) throws(DiskError) {
        #if canImport(Glibc)
            let result = Glibc.rename(from, to)
        #else
            let result = Darwin.rename(from, to)
        #endif
        guard result == 0 else { throw DiskError("rename", from, errno: errno) }
    }

    package func link(_ from: String, to: String) throws(DiskError) {
        #if canImport(Glibc)
            let result = Glibc.link(from, to)
        #else
            let result = Darwin.link(from, to)
        #endif
        guard result == 0 else { throw DiskError("link", from, errno: errno) }
    }

    package func remove(_ path: String) throws(DiskError) {
        guard unlink(path) == 0 else { throw DiskError("remove", path, errno: errno) }
    }

    package func syncDirectory(_ path: String) throws(DiskError) {
        let descriptor = try openDirectory(path)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DiskError("sync directory", path, errno: errno) }
    }

    package func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock {
        let descriptor = try openDirectory(path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = code == EWOULDBLOCK ? LockHolder(descriptor).pid : nil
            close(descriptor)
            throw DiskError("lock", path, errno: code, holder: holder)
        }
        return HeldLock(descriptor: descriptor)
    }

    package func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage {
        let descriptor = try openDescriptor(path, access)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError("stat", path, errno: errno) }
        // A shorter file would turn a load into SIGBUS.
        guard status.st_size >= MappedPage.size else {
            throw DiskError("map (file is shorter than a page)", path, errno: EINVAL)
        }
        let protection = access == .read ? PROT_READ : PROT_READ | PROT_WRITE
        guard let address = mmap(nil, MappedPage.size, protection, MAP_SHARED, descriptor, 0), address != MAP_FAILED
        else {
            throw DiskError("map", path, errno: errno)
        }
        return MappedPage(address: address)
    }

    package func meanwhile(_ work: () -> Void, _ body: () -> Void) {
        companion.run(work, while: body)
    }

    package func wait(for pages: [(page: any SharedPage, word: UInt32)], atMost limit: Duration) -> Bool {
        var words: [UnsafePointer<UInt32>?] = []
        for (page, _) in pages {
            guard let page = page as? MappedPage else { return false }
            words.append(page.word(at: CommitPage.wakeOffset))
        }
        let expected = pages.map(\.word)
        return stampede_futex_wait(words, expected, words.count, UInt64(max(0, limit.microseconds)) * 1000) >= 0
    }

    private func openDescriptor(_ path: String, _ access: FileAccess) throws(DiskError) -> Int32 {
        let flags: Int32 =
            switch access {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        // O_NONBLOCK: opening a named pipe would block until another process opens the other end.
        #if canImport(Glibc)
            let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o640)
        #else
            let descriptor = Darwin.open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o640)
        #endif
        guard descriptor >= 0 else { throw DiskError("open", path, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DiskError("open, as no regular file,", path, errno: EINVAL)
        }
        return descriptor
    }

    private func openDirectory(_ path: String) throws(DiskError) -> Int32 {
        #if canImport(Glibc)
            let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #else
            let descriptor = Darwin.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #endif
        guard descriptor >= 0 else { throw DiskError("open", path, errno: errno) }
        return descriptor
    }
}

private struct HeldLock: DirectoryLock {
    let descriptor: Int32

    func release() {
        close(descriptor)
    }
}

private struct PosixFile: DiskFile {
    let descriptor: Int32
    let path: String

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
        guard let start = off_t(exactly: offset) else { throw DiskError("read", path, errno: EINVAL) }
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, start &+ off_t(done))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw DiskError("read", path, errno: errno)
            }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
        guard let start = off_t(exactly: offset) else { throw DiskError("write", path, errno: EINVAL) }
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, start &+ off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw DiskError("write", path, errno: count < 0 ? errno : EIO) }
            done += count
        }
    }

    func sync() throws(DiskError) {
        #if canImport(Glibc)
            let result = fdatasync(descriptor)
        #else
            let result = fcntl(descriptor, F_FULLFSYNC)
        #endif
        guard result == 0 else { throw DiskError("sync", path, errno: errno) }
    }

    func forgetCache() {
        #if canImport(Glibc)
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)  // advice: nothing depends on it
        #endif
    }

    func allocate(_ count: UInt64) throws(DiskError) {
        #if canImport(Glibc)
            let code = posix_fallocate(descriptor, 0, off_t(count))
            guard code == 0 else { throw DiskError("allocate", path, errno: code) }
        #else
            guard ftruncate(descriptor, off_t(count)) == 0 else { throw DiskError("allocate", path, errno: errno) }
        #endif
    }

    func size() throws(DiskError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError("stat", path, errno: errno) }
        return UInt64(status.st_size)
    }

    var hasName: Bool {
        var status = stat()
        return fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }

    func close() {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }
}

/// A mapped page. Unchecked: every access is atomic (C11) or happens before the page is shared.
private final class MappedPage: SharedPage, @unchecked Sendable {
    static let size = 4096
    private let address: UnsafeMutableRawPointer

    init(address: UnsafeMutableRawPointer) {
        self.address = address
    }

    // Unmapped when the last user is gone, so that a waiter never looks at a page that went away.
    deinit {
        munmap(address, Self.size)
    }

    func word(at offset: Int) -> UnsafePointer<UInt32> {
        UnsafePointer((address + offset).assumingMemoryBound(to: UInt32.self))
    }

    func load32(at offset: Int) -> UInt32 {
        stampede_load32((address + offset).assumingMemoryBound(to: UInt32.self))
    }

    func load64(at offset: Int) -> UInt64 {
        stampede_load64((address + offset).assumingMemoryBound(to: UInt64.self))
    }

    func store32(_ value: UInt32, at offset: Int) {
        stampede_store32((address + offset).assumingMemoryBound(to: UInt32.self), value)
    }

    func store64(_ value: UInt64, at offset: Int) {
        stampede_store64((address + offset).assumingMemoryBound(to: UInt64.self), value)
    }

    func wake(at offset: Int) {
        let word = (address + offset).assumingMemoryBound(to: UInt32.self)
        stampede_increment32(word)
        stampede_futex_wake(word)
    }

    func close() {}
}

extension DiskError {
    /// The disk or the quota is full.
    var isNoSpace: Bool { errno == ENOSPC || errno == EDQUOT }
    /// Somebody else holds the lock.
    var isLocked: Bool { operation == "lock" && errno == EWOULDBLOCK }
    var isMissing: Bool { errno == ENOENT }
    /// The file must be copied to get there.
    var cannotLink: Bool { [EXDEV, EPERM, ENOTSUP, EMLINK].contains(errno) }
}

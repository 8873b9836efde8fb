import Foundation

/// A small file that holds a secret, or what a secret is checked against.
struct SecretFile {
    typealias Write = (_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int

    let path: String
    private let writeSome: Write

    /// - Parameter writeSome: `write(2)`, or one that fails when a test wants it to.
    init(_ path: String, writeSome: @escaping Write = { Foundation.write($0, $1, $2) }) {
        self.path = path
        self.writeSome = writeSome
    }

    /// Longer files are not these.
    private static let maximumBytes = 1024

    // MARK: - Reading

    /// Nil where there is no such file. One look decides: a file that appears a moment later is not taken for one that
    /// cannot be read.
    ///
    /// - Parameter isPrivate: whether a file that others can read is refused.
    func read(isPrivate: Bool) throws(AccessError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw fault("be opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fault("be looked at") }
        try check(status, isPrivate: isPrivate)
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 1)
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw fault("be read") }
        return Array(bytes[..<count])
    }

    /// Whether this process may read it.
    var isReadable: Bool { access(path, R_OK) == 0 }

    /// Refuses a file that others can read, even where this process is not one of them; one that is not there is fine.
    ///
    /// *Guarantee*: a secret that leaked by its mode is not used. *Why*: whoever read it while it was open still knows it.
    func requirePrivate() throws(AccessError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        try check(status, isPrivate: true)
    }

    private func check(_ status: stat, isPrivate: Bool) throws(AccessError) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw AccessError(path, "it is no file; move it away") }
        let mode = status.st_mode & 0o7777
        guard isPrivate, mode & 0o077 != 0 else { return }
        throw AccessError(
            path,
            "others can reach it (mode \(String(mode, radix: 8))), so it is no secret: type 'chmod 600 \(path)', and make a "
                + "new one where others may have read it")
    }

    // MARK: - Making

    /// A whole file appears under the name, or none: of processes that make it at once, the first to link wins.
    ///
    /// *Guarantee*: what it holds and its name are on disk when this returns. *If broken*: after a power cut a token that
    /// was given out is worth nothing, or anybody's is.
    /// - Parameter mode: of the file, whatever the process's umask is.
    func make(_ bytes: [UInt8], mode: mode_t) throws(AccessError) {
        try write(bytes, mode: mode, "link") { link($0, path) == 0 || errno == EEXIST }
    }

    /// The same, in the place of a file that may be there: for whoever alone may make it.
    func put(_ bytes: [UInt8], mode: mode_t) throws(AccessError) {
        // What a link leads to is replaced, not the link.
        let target = realpath(path, nil).map { link in
            defer { free(link) }
            return String(cString: link)
        }
        try write(bytes, mode: mode, "rename") { rename($0, target ?? path) == 0 }
    }

    private func write(
        _ bytes: [UInt8], mode: mode_t, _ naming: String, _ name: (_ temporary: String) -> Bool
    ) throws(AccessError) {
        func done(_ holds: Bool, _ operation: String) throws(AccessError) {
            guard holds else { throw fault("be made (\(operation))") }
        }
        let temporary = "\(path).\(getpid())-\(UInt64.random(in: .min ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try done(descriptor >= 0, "open")
        defer { unlink(temporary) }
        do {
            defer { close(descriptor) }
            try done(writeAll(bytes, to: descriptor), "write")
            try done(fchmod(descriptor, mode) == 0, "fchmod")
            try done(fsync(descriptor) == 0, "fsync")
        }
        try done(name(temporary), naming)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try done(directory >= 0, "open its directory")
        defer { close(directory) }
        try done(fsync(directory) == 0, "fsync its directory")
    }

    /// *Why on and on*: a disk that fills up takes the first half, and says only for the second one why not.
    private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = writeSome(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    private func fault(_ what: String) -> AccessError {
        let code = errno
        return AccessError(
            path, "it cannot \(what): \(String(cString: strerror(code)))",
            isOfTheDisk: [EIO, ENOSPC, EDQUOT].contains(code))
    }
}

extension [UInt8] {
    /// From the system's source of random numbers, which is fit for keys.
    static func random(count: Int) -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<count).map { _ in source.next() }
    }
}

import Foundation

/// What a path that is to be written leads to.
enum OutputPlace {
    /// An open descriptor of this process.
    case descriptor(Int32)
    /// A device, a fifo or a socket.
    case special
    /// The path behind all symbolic links, and what is there now; nil for a new name.
    case regular(String, stat?)

    /// As many links as the system follows.
    private static let maximumLinks = 40

    /// - Throws: `OutputError` for a directory, a name in no directory, a file that may not be written.
    static func of(_ path: String) throws(OutputError) -> OutputPlace {
        if path == "-" { return .descriptor(STDOUT_FILENO) }
        guard !path.isEmpty else { throw OutputError(file: "''", reason: "it names no file") }
        var target = path
        for _ in 0...maximumLinks {
            if let descriptor = ownDescriptor(target) { return .descriptor(descriptor) }
            guard let next = try link(target, of: path) else { return try place(target, of: path) }
            target = next.hasPrefix("/") ? next : folder(of: target) + "/" + next
        }
        throw OutputError(file: path, errno: ELOOP)
    }

    /// The directory that a path names something in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func place(_ target: String, of path: String) throws(OutputError) -> OutputPlace {
        var status = stat()
        guard stat(target, &status) == 0 else {
            let code = errno
            guard code == ENOENT, !target.hasSuffix("/") else { throw OutputError(file: path, errno: code) }
            guard access(folder(of: target), F_OK) == 0 else {
                throw OutputError(file: path, reason: "there is no directory \(folder(of: target))")
            }
            return .regular(target, nil)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw OutputError(file: path, errno: EISDIR)
        case S_IFREG:
            // A read-only file is protected from being replaced.
            guard access(target, W_OK) == 0 else { throw OutputError(file: path, errno: errno) }
            // A descriptor of another process, by its magic link: the name behind it need not be there any more.
            return magicFolder(folder(of: target)) == nil ? .regular(target, status) : .special
        default: return .special
        }
    }

    /// Where a symbolic link leads to; nil for what is none, or one of /proc, which leads where no name does.
    private static func link(_ target: String, of path: String) throws(OutputError) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(target, &bytes, bytes.count)
        guard count >= 0, magicFolder(folder(of: target)) == nil else { return nil }
        guard let text = String(validating: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
            throw OutputError(file: path, reason: "it is a link to a name that is not UTF-8")
        }
        return text
    }

    /// N of `/dev/fd/N`, `/proc/self/fd/N` and whatever else leads to that directory.
    private static func ownDescriptor(_ path: String) -> Int32? {
        guard magicFolder(folder(of: path)) == getpid() else { return nil }
        return path.split(separator: "/").last.flatMap { Int32($0) }
    }

    /// The process whose descriptors a directory shows; nil for any other directory.
    private static func magicFolder(_ folder: String) -> pid_t? {
        guard let real = realpath(folder, nil) else { return nil }
        defer { free(real) }
        let parts = String(cString: real).split(separator: "/")
        guard parts.count >= 3, parts[0] == "proc", parts.last == "fd" else { return nil }
        return pid_t(parts[1])
    }
}

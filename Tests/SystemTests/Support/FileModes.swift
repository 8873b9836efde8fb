import Foundation

/// Who may do what with the files below a directory.
struct FileModes {
    struct Entry: CustomStringConvertible {
        /// From the directory.
        let path: String
        let mode: mode_t
        let user: uid_t
        let isDirectory: Bool

        var permissions: mode_t { mode & 0o7777 }
        var description: String { "\(path) (\(String(permissions, radix: 8)), user \(user))" }
    }

    let entries: [Entry]

    init(below directory: String) throws {
        let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        entries = try ([""] + names).compactMap { name in
            var status = stat()
            // Gone meanwhile: a temporary file, a rotated one.
            guard lstat("\(directory)/\(name)", &status) == 0 else {
                if errno == ENOENT { return nil }
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
            return Entry(
                path: name, mode: status.st_mode, user: status.st_uid, isDirectory: status.st_mode & S_IFMT == S_IFDIR)
        }
    }

    /// What anybody on the machine may read, write or enter.
    var openToTheWorld: [Entry] { entries.filter { $0.permissions & 0o007 != 0 } }

    /// What somebody but the owner may write.
    var writableForOthers: [Entry] { entries.filter { $0.permissions & 0o022 != 0 } }

    subscript(path: String) -> Entry? { entries.first { $0.path == path } }
}

/// Programs with the names of the real ones, which begin with no mask at all: whatever they make is as closed as they say.
enum MaskedPrograms {
    /// - Returns: the directory they are in.
    static func make(in parent: String) throws -> String {
        let directory = parent + "/bin"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in SupervisedRun.services + ["flash-sale", "stampede"] {
            try "#!/bin/sh\numask 0\nexec '\(Project.binaries)/\(name)' \"$@\"\n".write(
                toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/\(name)")
        }
        return directory
    }
}

import Foundation

/// Files and directories that a process keeps open, and that must stay where they are.
///
/// *Guarantee*: a directory that was removed, moved, replaced or covered by a mount is noticed at the next look. *If broken*:
/// orders are accepted into files that have no name any more, and are gone when the process ends.
package struct FileWatch {
    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// How often to look. Twenty looks at the system's memory of names cost some 20 µs.
    package static let interval = Duration.milliseconds(400)

    private let required: [String]
    private let optional: [String]
    private var known: [String: Identity] = [:]

    /// - Parameters:
    ///   - required: are there when the first look is taken.
    ///   - optional: may come later; from then on they must stay.
    package init(required: [String], optional: [String] = []) {
        self.required = required
        self.optional = optional
    }

    /// - Throws: `FileReplaced` for the first that is not what it was.
    package mutating func look() throws(FileReplaced) {
        for path in required { try look(path, isRequired: true) }
        for path in optional { try look(path, isRequired: false) }
    }

    private mutating func look(_ path: String, isRequired: Bool) throws(FileReplaced) {
        var status = stat()
        if stat(path, &status) == 0 {
            let found = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            guard known[path] ?? found == found else { throw FileReplaced(path: path, isGone: false) }
            known[path] = found
        } else if errno == ENOENT || errno == ENOTDIR, isRequired || known[path] != nil {
            throw FileReplaced(path: path, isGone: true)
        }
    }
}

/// A file or directory that the process works in is not the one any more that it opened.
package struct FileReplaced: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let isGone: Bool

    /// What a process ends with that meets this; it must not be started again on the same directory by itself.
    package static let exitCode: Int32 = 72

    package init(path: String, isGone: Bool) {
        self.path = path
        self.isGone = isGone
    }

    package var description: String {
        "\(path) was \(isGone ? "removed or moved away" : "replaced by another") while this process was working with it. "
            + "Put the data directory back as it was, or begin a new one, and start again"
    }
}

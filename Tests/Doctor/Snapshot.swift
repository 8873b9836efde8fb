import Foundation
import TestSupport

/// The files of a directory as they were, to be put back: only what differs is written.
struct Snapshot {
    private let directory: String
    private let files: [String: File]

    private struct File {
        /// Without the zeros at the end.
        let bytes: Data
        let size: Int
        var stamp: Stamp
    }

    private struct Stamp: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = Int(status.st_mtim.tv_sec)
            nanoseconds = Int(status.st_mtim.tv_nsec)
        }
    }

    init(of directory: String) throws {
        self.directory = directory
        var files: [String: File] = [:]
        for path in try Self.paths(in: directory) {
            let whole = directory + "/" + path
            let contents = try Data(contentsOf: URL(fileURLWithPath: whole))
            let used = contents.lastIndex { $0 != 0 }.map { contents[...$0] } ?? Data()
            guard let stamp = Stamp(whole) else { throw CocoaError(.fileReadNoSuchFile) }
            files[path] = File(bytes: Data(used), size: contents.count, stamp: stamp)
        }
        self.files = files
    }

    func restore() throws {
        for path in try Self.paths(in: directory) where files[path] == nil {
            try FileManager.default.removeItem(atPath: directory + "/" + path)
        }
        for (path, file) in files where Stamp(directory + "/" + path) != file.stamp {
            let whole = directory + "/" + path
            try? FileManager.default.removeItem(atPath: whole)  // it may be gone
            let folder = (whole as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try file.bytes.write(to: URL(fileURLWithPath: whole))
            guard truncate(whole, off_t(file.size)) == 0 else { throw CocoaError(.fileWriteUnknown) }
        }
    }

    /// Where a run keeps what can be judged: what it logged, traced and ran under is no evidence.
    private static let evidence = ["log/", "archive/", "db/", "mail/", "sale/"]

    /// Removes, empties, cuts or exchanges one file.
    func changeFile(_ random: inout SeededRandom) throws -> Change? {
        let paths = files.keys.filter { path in Self.evidence.contains { path.hasPrefix($0) } }.sorted()
        let path = paths[random.below(paths.count)]
        let whole = directory + "/" + path
        guard let file = files[path], file.size > 0 else { return nil }
        let detail: String
        switch random.below(4) {
        case 0:
            try FileManager.default.removeItem(atPath: whole)
            detail = "removed"
        case 1:
            try Data().write(to: URL(fileURLWithPath: whole))
            detail = "emptied"
        case 2:
            // Behind the last event of a topic lies what a crash may have cut off.
            let end = path.hasSuffix(".segment") ? EvidenceLog.acknowledgedEnd([UInt8](file.bytes)) : file.bytes.count
            guard end > 1 else { return nil }
            let kept = random.below(min(end, file.bytes.count) - 1)
            guard truncate(whole, off_t(kept)) == 0 else { return nil }
            detail = "cut at \(kept) of \(file.size) bytes"
        default:
            let suffix = (path as NSString).pathExtension
            let others = paths.filter { $0 != path && ($0 as NSString).pathExtension == suffix }
            guard !others.isEmpty else { return nil }
            let other = others[random.below(others.count)]
            guard files[other]?.bytes != file.bytes else { return nil }
            try FileManager.default.removeItem(atPath: whole)
            try FileManager.default.copyItem(atPath: directory + "/" + other, toPath: whole)
            detail = "replaced by \(other)"
        }
        return Change(.file, path, detail)
    }

    private static func paths(in directory: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory).filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: directory + "/" + path, isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }
}

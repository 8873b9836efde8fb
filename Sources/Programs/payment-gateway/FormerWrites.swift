import Foundation

/// What a former process wrote to the ledger's write-ahead log and could not sync.
///
/// *Why*: after a sync that failed, Linux counts the pages as clean: the log reads as it was written, is not on the disk,
/// and another sync has nothing to do.
/// *If broken*: a process that was started again after the fault tells of charges that the next loss of power takes back.
enum FormerWrites {
    private static let chunk = 1 << 20

    /// Writes what the file holds once more at the same place, and syncs it; where there is no such file, nothing. Cut off
    /// at any point, nothing is worse.
    ///
    /// - Throws: `DataDirectoryUnusable`.
    static func makeDurable(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw failed("opened", path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: chunk)
        var position: off_t = 0
        while true {
            let count = pread(descriptor, &bytes, chunk, position)
            guard count >= 0 else { throw failed("read", path) }
            guard count > 0 else { break }
            let written = pwrite(descriptor, bytes, count, position)
            guard written > 0 else { throw failed("written", path) }
            position += off_t(written)
        }
        guard fdatasync(descriptor) == 0 else { throw failed("synced", path) }
    }

    private static func failed(_ what: String, _ path: String) -> DataDirectoryUnusable {
        DataDirectoryUnusable(path: path, what: "cannot be \(what): \(String(cString: strerror(errno)))")
    }
}

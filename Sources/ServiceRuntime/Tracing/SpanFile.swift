import Foundation
import Synchronization

/// A file of OTLP/JSON lines, one request a line, as the OpenTelemetry collector's file receiver reads them.
///
/// Bounded: a full file takes the place of the one before it, `NAME.1.jsonl`. Not synced: what a power cut takes was only
/// for looking.
package struct SpanFile: SpanDestination {
    package let name = "file"
    private let path: String
    private let maximumBytes: Int

    /// - Parameters:
    ///   - path: ends with `.jsonl`; its directory is made where it is missing, but not the one above.
    ///   - maximumBytes: after which a new file is begun.
    package init(path: String, maximumBytes: Int) {
        self.path = path
        self.maximumBytes = maximumBytes
    }

    package func send(_ request: [UInt8]) throws {
        // Not its parents: a data directory that somebody removed must not come back with nothing but traces in it.
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard mkdir(directory, 0o750) == 0 || errno == EEXIST else { throw SpanFileError(path: path, errno: errno) }
        if try length() + request.count > maximumBytes { try moveAside() }
        // A fifo without a reader must not hold up the export.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o640)
        guard descriptor >= 0 else { throw SpanFileError(path: path, errno: errno) }
        defer { close(descriptor) }
        let before = lseek(descriptor, 0, SEEK_END)
        let line = request + [UInt8(ascii: "\n")]
        let written = write(descriptor, line, line.count)
        guard written == line.count else {
            let error = SpanFileError(path: path, errno: written < 0 ? errno : ENOSPC)
            _ = ftruncate(descriptor, before)  // half a line would spoil the next one
            throw error
        }
    }

    private func length() throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return 0 }
            throw SpanFileError(path: path, errno: errno)
        }
        return Int(status.st_size)
    }

    private func moveAside() throws {
        let former = String(path.dropLast(".jsonl".count)) + ".1.jsonl"
        // What a link leads to is moved, not the link.
        let full = realpath(path, nil).map { link in
            defer { free(link) }
            return String(cString: link)
        }
        guard rename(full ?? path, former) == 0 || errno == ENOENT else {
            throw SpanFileError(path: path, errno: errno)
        }
    }
}

struct SpanFileError: Error, CustomStringConvertible {
    let path: String
    let errno: Int32

    var description: String { "\(path) cannot be written (errno \(errno))" }
}

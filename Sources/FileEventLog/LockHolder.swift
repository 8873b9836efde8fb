import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Who holds the lock on an open directory, from `/proc` (proc(5)); nobody where there is no such thing.
struct LockHolder {
    let pid: Int32?

    init(_ descriptor: Int32) {
        pid = Self.inTheListOfLocks(descriptor) ?? Self.amongOpenFiles(descriptor)
    }

    /// The list is made anew at every read of a page of it: on a busy machine a line at the edge of two pages may be left
    /// out, and out again.
    private static func inTheListOfLocks(_ descriptor: Int32) -> Int32? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        for _ in 0..<attempts {
            // Read to its end: what asks for the file's size first stops after a page.
            guard let file = FileHandle(forReadingAtPath: "/proc/locks"), let data = try? file.readToEnd() else {
                return nil
            }
            let text = String(decoding: data, as: UTF8.self)
            for line in text.split(separator: "\n") where line.contains("FLOCK") && !line.contains("->") {
                let fields = line.split(separator: " ")
                if let place = fields.firstIndex(where: { $0.hasSuffix(":\(status.st_ino)") }), place > 0 {
                    return Int32(fields[place - 1])
                }
            }
        }
        return nil
    }

    private static let attempts = 10

    /// The process that has the directory open with a lock on it: slower, and blind for other users' processes.
    private static func amongOpenFiles(_ descriptor: Int32) -> Int32? {
        let files = FileManager.default
        guard let path = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)"),
            let processes = try? files.contentsOfDirectory(atPath: "/proc")
        else { return nil }
        for process in processes.compactMap({ Int32($0) }) {
            // A process that is gone or another user's has no files for us.
            for file in (try? files.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? [] {
                guard (try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(file)")) == path,
                    let info = try? String(contentsOfFile: "/proc/\(process)/fdinfo/\(file)", encoding: .utf8),
                    info.contains("FLOCK")
                else { continue }
                return process
            }
        }
        return nil
    }
}

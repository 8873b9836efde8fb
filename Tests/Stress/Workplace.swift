import Foundation

/// A directory of its own under the system's temporary one, until it is cleared away.
struct Workplace {
    let path: String

    init(_ name: String) throws {
        var template = Array((NSTemporaryDirectory() + "/stampede-\(name)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func clearAway() {
        try? FileManager.default.removeItem(atPath: path)  // what stays lies among temporary files
    }

    /// What this process still holds open below the directory. A task that has ended may let go a moment later.
    func leftOpen() -> [String] {
        for _ in 0..<100 where !openFiles().isEmpty { Thread.sleep(forTimeInterval: 0.02) }
        return openFiles()
    }

    /// From `/proc` (proc(5)); nothing where there is no such thing.
    private func openFiles() -> [String] {
        let files = FileManager.default
        let numbers = (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        // One that was closed since the list was made has no destination.
        return numbers.compactMap { try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            .filter { $0.hasPrefix(path) }.sorted()
    }
}

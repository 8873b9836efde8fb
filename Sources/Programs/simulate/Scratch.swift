import Foundation

/// A directory for evidence, in memory where the system has such a place; the audit's own copies go there too.
struct Scratch {
    let path: String

    private static let inMemory = "/dev/shm"

    init() throws {
        let manager = FileManager.default
        let base = manager.isWritableFile(atPath: Self.inMemory) ? Self.inMemory : NSTemporaryDirectory()
        var template = Array("\(base)/stampede-simulate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        setenv("TMPDIR", path, 1)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)  // what stays lies among temporary files
    }
}

import CPlatform
import Contracts
import Delivery
import Foundation

/// The file `trying` beside a service's database, mapped: which event is at hand, and on which the last process died.
///
/// Layout: `trapwatch.c`. It survives the process, whatever ends it. After a power cut it may be old or missing, which
/// costs one more try; a file that is no such page, or torn, counts as empty.
///
/// Unchecked: mapped for the life of the process, and written by one thread at a time.
struct TrapPage: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer

    static let length = stampede_trap_page_bytes

    /// - Throws: `FileFault`.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.fault("open", path) }
        defer { close(descriptor) }
        if !Self.isPage(descriptor) { try Self.makePage(descriptor, path) }
        guard let memory = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            memory != MAP_FAILED
        else { throw Self.fault("map", path) }
        self.memory = memory
    }

    /// Nil where there is none, or it does not check out.
    var evidence: Death? {
        var evidence = stampede_trap_evidence()
        guard stampede_trap_read(memory, &evidence) == 1 else { return nil }
        let topic = withUnsafeBytes(of: &evidence.topic) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return Death(
            topic: Topic(topic), offset: evidence.offset, signal: evidence.signal, stamp: evidence.stamp)
    }

    func clear() {
        stampede_trap_clear(memory)
    }

    // MARK: - The file

    private static func isPage(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == length else { return false }
        var bytes = [UInt8](repeating: 0, count: length)
        return pread(descriptor, &bytes, length, 0) == length && stampede_trap_is_page(bytes) == 1
    }

    /// Written out, not only made longer: a store into a hole of a full disk would end the process.
    private static func makePage(_ descriptor: Int32, _ path: String) throws {
        var bytes = [UInt8](repeating: 0, count: length)
        stampede_trap_fill(&bytes)
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw fault("truncate", path) }
        let written = pwrite(descriptor, bytes, length, 0)
        guard written == length else {
            throw written >= 0 || errno == ENOSPC ? FileFault.noSpace(path: path) : fault("write", path)
        }
    }

    private static func fault(_ operation: String, _ path: String) -> FileFault {
        .failed(path: path, operation: operation, errno: errno)
    }
}

import Delivery
import FileEventLog

/// An `AppendOnlyFile` on the simulated disk. Unchecked: a world runs on one thread.
final class SimulatedAppendOnlyFile: AppendOnlyFile, @unchecked Sendable {
    let path: String
    private let file: SimulatedFile

    /// Made where it is missing, name and all.
    init(path: String, on disk: ProcessDisk) throws {
        self.path = path
        let directory = Path.parent(of: path)
        do {
            if !disk.exists(directory) { try disk.createDirectory(directory) }
            if disk.exists(path) {
                file = SimulatedFile(try disk.openFile(path, .read), path, disk)
            } else {
                file = SimulatedFile(try disk.openFile(path, .create), path, disk)
                try disk.syncDirectory(directory)
            }
        } catch {
            throw error.asFileFault(path, "open")
        }
    }

    func length() throws -> Int64 {
        do { return Int64(try file.size()) } catch { throw error.asFileFault(path, "look at") }
    }

    func read(_ range: Range<Int64>) throws -> [UInt8] {
        do {
            let bytes = try file.read(Int(range.count), at: UInt64(range.lowerBound))
            guard bytes.count == range.count else {
                throw FileFault.failed(path: path, operation: "read to the end of", errno: 0)
            }
            return bytes
        } catch let error as DiskError {
            throw error.asFileFault(path, "read")
        }
    }

    func append(_ bytes: [UInt8]) throws {
        do {
            try file.write(bytes, at: try file.size())
        } catch {
            throw error.asFileFault(path, "append to")
        }
    }

    func sync() throws {
        do { try file.sync() } catch { throw FileFault.syncFailed(path: path, errno: error.errno) }
    }

    func truncate(to length: Int64) throws {
        do { try file.truncate(to: Int(length)) } catch { throw error.asFileFault(path, "truncate") }
    }
}

extension DiskError {
    fileprivate func asFileFault(_ path: String, _ operation: String) -> FileFault {
        switch errno {
        case ErrorNumber.noSpace: .noSpace(path: path)
        default: .failed(path: path, operation: operation, errno: errno)
        }
    }
}

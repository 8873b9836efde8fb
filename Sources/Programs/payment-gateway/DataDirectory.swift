import Foundation

/// The directory `db/payment-gateway` of a data directory, held by this process alone for as long as it lives.
///
/// *Guarantee*: a second gateway on the same data directory is refused at once.
/// *Why*: idempotency keys are decided by one writer.
/// *If broken*: two gateways each answer for the same ledger, and nobody knows which one the shop asked.
final class DataDirectory: Sendable {
    let path: String
    private let descriptor: Int32

    var databasePath: String { path + "/payment-gateway.db" }
    var writeAheadLogPath: String { databasePath + "-wal" }

    init(dataDirectory: String) throws {
        path = dataDirectory + "/db/payment-gateway"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw DataDirectoryUnusable(path: path, what: "cannot be created: \(error.localizedDescription)")
        }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DataDirectoryUnusable(path: path, what: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { throw DataDirectoryInUse(path: path) }
            throw DataDirectoryUnusable(path: path, what: "cannot be locked: \(String(cString: strerror(code)))")
        }
        self.descriptor = descriptor  // only now: an init that throws with everything set runs deinit, which closes too
    }

    /// Makes the names of new files and of the directory itself durable; called once the database file is there.
    func syncNames() throws {
        guard fsync(descriptor) == 0 else {
            throw DataDirectoryUnusable(path: path, what: "cannot be synced: \(String(cString: strerror(errno)))")
        }
        for parent in [path + "/..", path + "/../.."] {
            let parentDescriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard parentDescriptor >= 0 else { continue }  // not ours to read, so not made by us
            _ = fsync(parentDescriptor)
            close(parentDescriptor)
        }
    }

    /// Lets another gateway in, now: a copy of the descriptor that a child between fork and exec still has holds nothing.
    func release() {
        _ = flock(descriptor, LOCK_UN)  // cannot fail on a descriptor that is open
    }

    deinit { close(descriptor) }
}

/// Another process holds the directory.
struct DataDirectoryInUse: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) is held by another payment-gateway; stop that one first, or start this one with another --data"
    }
}

/// The directory cannot be used at all.
struct DataDirectoryUnusable: Error, CustomStringConvertible {
    let path: String
    let what: String

    var description: String { "\(path) \(what); check the path and its permissions" }
}

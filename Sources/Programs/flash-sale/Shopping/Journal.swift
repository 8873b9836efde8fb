import Dispatch
import Foundation
import NIOCore

/// Could not keep the journal.
struct JournalError: Error, CustomStringConvertible {
    var description: String
}

/// Acknowledged orders, one JSON object a line: `{"order":"<uuid>","key":"<key>","amount":1999,"currency":"GBP"}`.
///
/// - Guarantee: an order is reported as accepted only when its line was written and `fdatasync` returned.
/// - Why: the audit asks the shop for every order of the journal; a line that a crash could take back proves nothing.
/// - If broken: an order that the shop lost would look like one that nobody placed.
///
/// Confined to the worker's event loop; writing and syncing happen on a queue of their own, one group at a time.
final class Journal {
    private let path: String
    private let file: Int32
    private let loop: any EventLoop
    private let queue = DispatchQueue(label: "journal")
    private var lines: [UInt8] = []
    private var waiting = 0
    private var isSyncing = false
    /// Called on the loop with the number of lines that are now on disk, or with the error that ends the worker.
    var onSynced: ((Result<Int, JournalError>) -> Void)?

    /// - Parameters:
    ///   - path: a file whose folder is there.
    ///   - mustBeNew: whether a file that is there already is an error; two runs never share a journal.
    init(path: String, loop: any EventLoop, mustBeNew: Bool = true) throws(JournalError) {
        self.path = path
        self.loop = loop
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (mustBeNew ? O_EXCL : 0), 0o640)
        guard file >= 0 else {
            throw JournalError(description: "cannot create the journal \(path): \(String(cString: strerror(errno)))")
        }
    }

    var isIdle: Bool { waiting == 0 && !isSyncing }

    func append(order: String, key: String, total: Int64, currency: String) {
        let line = "{\"order\":\"\(order)\",\"key\":\"\(key)\",\"amount\":\(total),\"currency\":\"\(currency)\"}\n"
        lines.append(contentsOf: line.utf8)
        waiting += 1
    }

    /// Writes what waits, unless a group is being written already.
    func sync() {
        guard waiting > 0, !isSyncing else { return }
        isSyncing = true
        let group = lines
        let count = waiting
        lines.removeAll(keepingCapacity: true)
        waiting = 0
        let written = loop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { [self] result in
            isSyncing = false
            switch result {
            case .success: onSynced?(.success(count))
            case .failure(let error):
                onSynced?(.failure(error as? JournalError ?? JournalError(description: "\(error)")))
            }
        }
        queue.async { [path, file] in
            written.completeWith(Result { try Self.write(group, to: file, path: path) })
        }
    }

    func close() {
        Foundation.close(file)
    }

    private static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(JournalError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                throw JournalError(description: "cannot write the journal \(path): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
        guard fdatasync(file) == 0 else {
            throw JournalError(description: "cannot sync the journal \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(file, &status) != 0 || status.st_nlink > 0 else {
            throw JournalError(description: "the journal \(path) was removed during the run")
        }
    }
}

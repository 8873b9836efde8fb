import Dispatch
import Foundation
import Synchronization

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
/// Confined to the worker's thread; writing and syncing happen on a queue of their own, one group at a time.
final class Journal {
    private struct State {
        var isSyncing = false
        /// Lines that are on disk and not reported yet.
        var synced = 0
        var error: JournalError?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    private let path: String
    private let file: Int32
    private let queue = DispatchQueue(label: "journal")
    private let shared = Shared()
    private var lines: [UInt8] = []
    private var waiting = 0

    /// - Parameters:
    ///   - path: a file whose folder is there.
    ///   - mustBeNew: whether a file that is there already is an error; two runs never share a journal.
    init(path: String, mustBeNew: Bool = true) throws(JournalError) {
        self.path = path
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (mustBeNew ? O_EXCL : 0), 0o640)
        guard file >= 0 else {
            throw JournalError(description: "cannot create the journal \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Whether every line is on disk and reported.
    var isIdle: Bool { waiting == 0 && shared.state.withLock { !$0.isSyncing && $0.synced == 0 && $0.error == nil } }

    func append(order: String, key: String, total: Int64, currency: String) {
        lines.append(contentsOf: #"{"order":""#.utf8)
        lines.append(contentsOf: order.utf8)
        lines.append(contentsOf: #"","key":""#.utf8)
        lines.append(contentsOf: key.utf8)
        lines.append(contentsOf: #"","amount":"#.utf8)
        lines.append(contentsOf: String(total).utf8)
        lines.append(contentsOf: #","currency":""#.utf8)
        lines.append(contentsOf: currency.utf8)
        lines.append(contentsOf: "\"}\n".utf8)
        waiting += 1
    }

    /// Begins to write what waits, unless a group is being written already.
    func sync() {
        guard waiting > 0 else { return }
        let begins = shared.state.withLock { state in
            guard !state.isSyncing, state.error == nil else { return false }
            state.isSyncing = true
            return true
        }
        guard begins else { return }
        let group = lines
        let count = waiting
        lines = []
        waiting = 0
        queue.async { [path, file, shared] in
            do throws(JournalError) {
                try Self.write(group, to: file, path: path)
                shared.state.withLock {
                    $0.isSyncing = false
                    $0.synced += count
                }
            } catch {
                shared.state.withLock {
                    $0.isSyncing = false
                    $0.error = error
                }
            }
        }
    }

    /// - Returns: how many lines came to be on disk since the last call.
    /// - Throws: what ends the worker.
    func takeSynced() throws(JournalError) -> Int {
        let (synced, error) = shared.state.withLock { state in
            defer { state.synced = 0 }
            return (state.synced, state.error)
        }
        if let error { throw error }
        return synced
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

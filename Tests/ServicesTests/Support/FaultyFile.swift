import Delivery
import Synchronization

/// An `AppendOnlyFile` in memory that can be cut, filled with zeros, or refuse to take more.
///
/// As on a real disk, bytes whose sync failed are there to be read, count as clean, and are not on the medium.
final class FaultyFile: AppendOnlyFile {
    struct State {
        var bytes: [UInt8] = []
        var syncs = 0
        var appends = 0
        /// Bytes that still fit; the append that does not fit leaves what does.
        var room = Int.max
        var failsSync = false
        /// Truncations and appends as they happened.
        var isUnsynced = false
        /// What a loss of power leaves.
        var medium: [UInt8] = []
        /// Bytes that no sync has seen begin there.
        var dirtyFrom = 0
    }

    let path = "memory/outbox.mbox"
    private let state: Mutex<State>

    init(_ bytes: [UInt8] = []) {
        state = Mutex(State(bytes: bytes, medium: bytes, dirtyFrom: bytes.count))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var medium: [UInt8] { state.withLock { $0.medium } }
    var syncs: Int { state.withLock { $0.syncs } }
    var isUnsynced: Bool { state.withLock { $0.isUnsynced } }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }

    func length() throws -> Int64 {
        state.withLock { Int64($0.bytes.count) }
    }

    func read(_ range: Range<Int64>) throws -> [UInt8] {
        state.withLock { Array($0.bytes[Int(range.lowerBound)..<Int(range.upperBound)]) }
    }

    func append(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            let fits = bytes.prefix(state.room)
            state.bytes += fits
            state.isUnsynced = true
            state.room -= fits.count
            if fits.count < bytes.count { throw FileFault.noSpace(path: path) }
            state.appends += 1
        }
    }

    func sync() throws {
        try state.withLock { state in
            let dirty = state.bytes.dropFirst(state.dirtyFrom)
            let gap = max(0, state.dirtyFrom - state.medium.count)
            state.dirtyFrom = state.bytes.count
            if state.failsSync { throw FileFault.syncFailed(path: path, errno: 5) }
            state.medium += [UInt8](repeating: 0, count: gap) + dirty
            state.syncs += 1
            state.isUnsynced = false
        }
    }

    func truncate(to length: Int64) throws {
        state.withLock { state in
            state.bytes.removeLast(state.bytes.count - Int(length))
            state.medium.removeLast(max(0, state.medium.count - Int(length)))
            state.dirtyFrom = min(state.dirtyFrom, Int(length))
            state.isUnsynced = true
        }
    }
}

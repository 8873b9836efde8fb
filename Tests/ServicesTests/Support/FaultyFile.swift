import Delivery
import Synchronization

/// An `AppendOnlyFile` in memory that can be cut, filled with zeros, or refuse to take more.
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
    }

    let path = "memory/outbox.mbox"
    private let state: Mutex<State>

    init(_ bytes: [UInt8] = []) {
        state = Mutex(State(bytes: bytes))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
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
            if state.failsSync { throw FileFault.syncFailed(path: path, errno: 5) }
            state.syncs += 1
            state.isUnsynced = false
        }
    }

    func truncate(to length: Int64) throws {
        state.withLock { state in
            state.bytes.removeLast(state.bytes.count - Int(length))
            state.isUnsynced = true
        }
    }
}

import FileEventLog
import Synchronization
import TestSupport

/// A disk in memory that keeps apart what was written and what would survive a power loss, writes down every call,
/// and fails or dies when it is told to.
///
/// It is as unkind as POSIX allows: un-synced writes survive by 512-byte sectors, in any selection; un-synced directory
/// entries survive up to any point; a sync that failed forgets what it should have written (the next one succeeds).
final class MemoryDisk: Disk {
    enum Call: Hashable, Sendable {
        case create, write, sync, allocate, rename, link, remove, syncDirectory, read, open, publish
    }

    struct Operation: Equatable, Sendable, CustomStringConvertible {
        var call: Call
        var path: String
        var offset: UInt64 = 0
        var count = 0
        /// For `publish`: files and directories that held un-synced changes at that moment, the commit page aside.
        var unsynced: [String] = []

        var description: String {
            "\(call) \(path) \(offset)+\(count)" + (unsynced.isEmpty ? "" : " unsynced: \(unsynced)")
        }
    }

    /// What of the un-synced changes a power loss leaves.
    enum Survival {
        case nothing, everything
        case seeded(UInt64)
    }

    struct Inode {
        var current: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [(offset: Int, bytes: [UInt8])] = []

        mutating func write(_ bytes: [UInt8], at offset: Int) {
            Self.apply(bytes, at: offset, to: &current)
            pending.append((offset, bytes))
        }

        mutating func sync() {
            for (offset, bytes) in pending { Self.apply(bytes, at: offset, to: &durable) }
            pending = []
        }

        static func apply(_ bytes: [UInt8], at offset: Int, to image: inout [UInt8]) {
            if image.count < offset + bytes.count {
                image.append(contentsOf: repeatElement(0, count: offset + bytes.count - image.count))
            }
            image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
    }

    enum EntryChange {
        case add(String, Int)
        case remove(String)
    }

    struct Fault {
        var call: Call
        var pathContains: String
        /// Calls to let pass first.
        var after: Int
        var errno: Int32
        /// How often it fails.
        var times: Int
        /// Of a failing write, how many bytes are written all the same.
        var partialBytes: Int
    }

    struct State {
        var inodes: [Int: Inode] = [:]
        var entries: [String: Int] = [:]
        var durableEntries: [String: Int] = [:]
        /// By directory, in order.
        var entryChanges: [String: [EntryChange]] = [:]
        var directories: Set<String> = ["/"]
        var nextInode = 0
        var journal: [Operation] = []
        var bytesRead = 0
        var faults: [Fault] = []
        var locks: Set<String> = []
        var forgetsLocks = false
        /// Handles of an older generation belong to a process that is dead.
        var generation = 0
        /// Changes still carried out before the process dies.
        var changesBeforeDeath: Int?
        var isDead = false
    }

    let state = Mutex(State())

    static let inputOutput: Int32 = 5
    static let wouldBlock: Int32 = 11
    static let exists: Int32 = 17
    static let missing: Int32 = 2
    static let noSpace: Int32 = 28
    static let otherFileSystem: Int32 = 18

    // MARK: - For tests

    var journal: [Operation] { state.withLock { $0.journal } }
    var bytesRead: Int { state.withLock { $0.bytesRead } }
    var isDead: Bool { state.withLock { $0.isDead } }

    func clearJournal() { state.withLock { $0.journal = [] } }

    func fail(
        _ call: Call, matching part: String = "", after: Int = 0, errno: Int32, times: Int = 1, partialBytes: Int = 0
    ) {
        state.withLock {
            $0.faults.append(
                Fault(
                    call: call, pathContains: part, after: after, errno: errno, times: times, partialBytes: partialBytes
                ))
        }
    }

    func heal() { state.withLock { $0.faults = [] } }

    func forgetLocks() { state.withLock { $0.forgetsLocks = true } }

    /// The process dies at the change after so many more; a write it dies in is half done.
    func die(afterChanges count: Int) { state.withLock { $0.changesBeforeDeath = count } }

    /// The process is gone, the machine is not: what was written stays written.
    func killProcess() {
        state.withLock { state in
            state.locks = []
            state.generation += 1
            state.isDead = false
            state.changesBeforeDeath = nil
        }
    }

    func losePower(_ survival: Survival) {
        killProcess()
        state.withLock { state in
            var random: SeededRandom? = if case .seeded(let seed) = survival { SeededRandom(seed: seed) } else { nil }
            for directory in state.entryChanges.keys.sorted() {
                let changes = state.entryChanges[directory] ?? []
                let kept: Int
                switch survival {
                case .nothing: kept = 0
                case .everything: kept = changes.count
                case .seeded: kept = random?.below(changes.count + 1) ?? 0
                }
                for change in changes[..<kept] { Self.carryOut(change, &state.durableEntries) }
            }
            state.entryChanges = [:]
            state.entries = state.durableEntries
            for inode in state.inodes.keys.sorted() {
                guard var file = state.inodes[inode] else { continue }
                for (offset, bytes) in file.pending {
                    for sector in offset / 512...max(offset, offset + bytes.count - 1) / 512 where !bytes.isEmpty {
                        let survives: Bool
                        switch survival {
                        case .nothing: survives = false
                        case .everything: survives = true
                        case .seeded: survives = random?.below(2) == 1
                        }
                        guard survives else { continue }
                        let range = max(offset, sector * 512)..<min(offset + bytes.count, sector * 512 + 512)
                        Inode.apply(
                            Array(bytes[(range.lowerBound - offset)..<(range.upperBound - offset)]),
                            at: range.lowerBound, to: &file.durable)
                    }
                }
                file.pending = []
                file.current = file.durable
                state.inodes[inode] = file
            }
        }
    }

    func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in state.entries[path].flatMap { state.inodes[$0]?.current } }
    }

    /// Puts a file there, durably, as an operator or a rotten medium would.
    func put(_ bytes: [UInt8]?, at path: String) {
        state.withLock { state in
            if let bytes {
                let inode = state.entries[path] ?? state.nextInode
                if inode == state.nextInode { state.nextInode += 1 }
                state.inodes[inode] = Inode(current: bytes, durable: bytes)
                state.entries[path] = inode
                state.durableEntries[path] = inode
            } else {
                state.entries[path] = nil
                state.durableEntries[path] = nil
            }
        }
    }

    func paths(in directory: String) -> [String] {
        state.withLock { $0.entries.keys.filter { Self.parent($0) == directory }.sorted() }
    }

    /// All files, to be put back before the next way of breaking them.
    func image() -> [String: [UInt8]] {
        state.withLock { state in state.entries.compactMapValues { state.inodes[$0]?.current } }
    }

    static func holding(_ image: [String: [UInt8]]) -> MemoryDisk {
        let disk = MemoryDisk()
        for (path, bytes) in image {
            disk.put(bytes, at: path)
            disk.state.withLock { _ = $0.directories.insert(parent(path)) }
        }
        return disk
    }

    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func carryOut(_ change: EntryChange, _ entries: inout [String: Int]) {
        switch change {
        case .add(let path, let inode): entries[path] = inode
        case .remove(let path): entries[path] = nil
        }
    }
}

extension MemoryDisk {
    /// The same disk once more, to be broken in another way.
    func copy() -> MemoryDisk {
        let copy = MemoryDisk()
        let image = state.withLock { $0 }
        copy.state.withLock { $0 = image }
        return copy
    }
}

import FileEventLog
import Synchronization

// The calls of `Disk`, carried out in memory.

extension MemoryDisk {
    func createDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard !state.isDead else { throw DiskError("create", path, errno: Self.inputOutput) }
            var current = path
            while current != "/" {
                state.directories.insert(current)
                current = Self.parent(current)
            }
        }
    }

    func list(_ path: String) throws(DiskError) -> [String] {
        try state.withLock { state throws(DiskError) in
            try Self.passes(.read, path, &state)
            let files = state.entries.keys.filter { Self.parent($0) == path }
            let directories = state.directories.filter { $0 != "/" && Self.parent($0) == path }
            return (files + directories).map { String($0.dropFirst(path.count + 1)) }.sorted()
        }
    }

    func exists(_ path: String) -> Bool {
        state.withLock { $0.entries[path] != nil || $0.directories.contains(path) }
    }

    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile {
        let (inode, generation) = try state.withLock { state throws(DiskError) in
            if access == .create {
                guard state.entries[path] == nil else { throw DiskError("open", path, errno: Self.exists) }
                try Self.change(Operation(call: .create, path: path), &state)
                let inode = state.nextInode
                state.nextInode += 1
                state.inodes[inode] = Inode()
                Self.changeEntry(.add(path, inode), &state)
                return (inode, state.generation)
            }
            try Self.passes(.open, path, &state)
            guard let inode = state.entries[path] else { throw DiskError("open", path, errno: Self.missing) }
            return (inode, state.generation)
        }
        return MemoryFile(disk: self, path: path, inode: inode, generation: generation)
    }

    func rename(_ from: String, to: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard let inode = state.entries[from] else { throw DiskError("rename", from, errno: Self.missing) }
            try Self.change(Operation(call: .rename, path: to), &state)
            Self.changeEntry(.add(to, inode), &state)
            Self.changeEntry(.remove(from), &state)
        }
    }

    func link(_ from: String, to: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard let inode = state.entries[from] else { throw DiskError("link", from, errno: Self.missing) }
            guard state.entries[to] == nil else { throw DiskError("link", from, errno: Self.exists) }
            try Self.change(Operation(call: .link, path: to), &state)
            Self.changeEntry(.add(to, inode), &state)
        }
    }

    func remove(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard state.entries[path] != nil else { throw DiskError("remove", path, errno: Self.missing) }
            try Self.change(Operation(call: .remove, path: path), &state)
            Self.changeEntry(.remove(path), &state)
        }
    }

    func syncDirectory(_ path: String) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            try Self.change(Operation(call: .syncDirectory, path: path), &state)
            for change in state.entryChanges[path] ?? [] { Self.carryOut(change, &state.durableEntries) }
            state.entryChanges[path] = nil
        }
    }

    func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock {
        let generation = try state.withLock { state throws(DiskError) in
            guard !state.isDead else { throw DiskError("lock", path, errno: Self.inputOutput) }
            guard state.locks.insert(path).inserted || state.forgetsLocks else {
                throw DiskError("lock", path, errno: Self.wouldBlock, holder: 4711)
            }
            return state.generation
        }
        return MemoryLock(disk: self, path: path, generation: generation)
    }

    func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage {
        let (inode, generation) = try state.withLock { state throws(DiskError) in
            try Self.passes(.open, path, &state)
            guard let inode = state.entries[path] else { throw DiskError("map", path, errno: Self.missing) }
            guard (state.inodes[inode]?.current.count ?? 0) >= 4096 else {
                throw DiskError("map (file is shorter than a page)", path, errno: 22)
            }
            return (inode, state.generation)
        }
        return MemoryPage(disk: self, path: path, inode: inode, generation: generation)
    }

    /// Cannot be waited on: the waiter polls.
    func wait(for pages: [(page: any SharedPage, word: UInt32)], atMost: Duration) -> Bool {
        false
    }

    // MARK: -

    /// Throws where a fault is due or the process is dead.
    static func passes(_ call: Call, _ path: String, _ state: inout State) throws(DiskError) {
        guard !state.isDead else { throw DiskError("\(call)", path, errno: inputOutput) }
        if let fault = dueFault(call, path, &state) { throw DiskError("\(call)", path, errno: fault.errno) }
    }

    static func dueFault(_ call: Call, _ path: String, _ state: inout State) -> Fault? {
        for index in state.faults.indices where state.faults[index].call == call {
            guard path.contains(state.faults[index].pathContains), state.faults[index].times > 0 else { continue }
            if state.faults[index].after > 0 {
                state.faults[index].after -= 1
                continue
            }
            state.faults[index].times -= 1
            return state.faults[index]
        }
        return nil
    }

    /// Like `passes`, for calls that change something: they are written down, and the process may die in one.
    static func change(_ operation: Operation, _ state: inout State) throws(DiskError) {
        try passes(operation.call, operation.path, &state)
        try live(operation.path, &state)
        state.journal.append(operation)
    }

    static func live(_ path: String, _ state: inout State) throws(DiskError) {
        guard let left = state.changesBeforeDeath else { return }
        state.changesBeforeDeath = left - 1
        if left <= 0 {
            state.isDead = true
            throw DiskError("die", path, errno: inputOutput)
        }
    }

    static func changeEntry(_ change: EntryChange, _ state: inout State) {
        carryOut(change, &state.entries)
        let path =
            switch change {
            case .add(let path, _), .remove(let path): path
            }
        state.entryChanges[parent(path), default: []].append(change)
    }
}

private struct MemoryLock: DirectoryLock {
    let disk: MemoryDisk
    let path: String
    let generation: Int

    func release() {
        disk.state.withLock { if $0.generation == generation { $0.locks.remove(path) } }
    }
}

private struct MemoryFile: DiskFile {
    let disk: MemoryDisk
    let path: String
    let inode: Int
    let generation: Int

    private func with<Value: Sendable>(
        _ body: (inout MemoryDisk.State, inout MemoryDisk.Inode) throws(DiskError) -> Value
    ) throws(DiskError) -> Value {
        let result = disk.state.withLock { state in
            Result { () throws(DiskError) in
                guard state.generation == generation, !state.isDead, var file = state.inodes[inode] else {
                    throw DiskError("use", path, errno: MemoryDisk.inputOutput)
                }
                defer { state.inodes[inode] = file }
                return try body(&state, &file)
            }
        }
        return try result.get()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
        let bytes = try with { state, file throws(DiskError) in
            try MemoryDisk.passes(.read, path, &state)
            let start = min(Int(offset), file.current.count)
            let end = min(start + buffer.count, file.current.count)
            state.bytesRead += end - start
            return Array(file.current[start..<end])
        }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
        let bytes = Array(bytes)
        try with { state, file throws(DiskError) in
            if let fault = MemoryDisk.dueFault(.write, path, &state) {
                file.write(Array(bytes.prefix(fault.partialBytes)), at: Int(offset))
                throw DiskError("write", path, errno: fault.errno)
            }
            do throws(DiskError) {
                try MemoryDisk.live(path, &state)
            } catch {
                file.write(Array(bytes.prefix(bytes.count / 2)), at: Int(offset))
                throw error
            }
            state.journal.append(.init(call: .write, path: path, offset: offset, count: bytes.count))
            file.write(bytes, at: Int(offset))
        }
    }

    func sync() throws(DiskError) {
        try with { state, file throws(DiskError) in
            if let fault = MemoryDisk.dueFault(.sync, path, &state) {
                file.pending = []  // the pages are clean now, and the medium is old: a second sync will succeed
                throw DiskError("sync", path, errno: fault.errno)
            }
            try MemoryDisk.live(path, &state)
            state.journal.append(.init(call: .sync, path: path))
            file.sync()
        }
    }

    func allocate(_ count: UInt64) throws(DiskError) {
        try with { state, file throws(DiskError) in
            try MemoryDisk.change(.init(call: .allocate, path: path, count: Int(count)), &state)
            let missing = Int(count) - file.current.count
            if missing > 0 { file.write([UInt8](repeating: 0, count: missing), at: file.current.count) }
        }
    }

    func size() throws(DiskError) -> UInt64 {
        try with { _, file throws(DiskError) in UInt64(file.current.count) }
    }

    func close() {}
}

private final class MemoryPage: SharedPage {
    let disk: MemoryDisk
    let path: String
    let inode: Int
    let generation: Int

    init(disk: MemoryDisk, path: String, inode: Int, generation: Int) {
        self.disk = disk
        self.path = path
        self.inode = inode
        self.generation = generation
    }

    private func load<Word: FixedWidthInteger>(_ offset: Int) -> Word {
        disk.state.withLock { state in
            (state.inodes[inode]?.current ?? []).withUnsafeBytes {
                Word(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Word.self))
            }
        }
    }

    private func store(_ value: some FixedWidthInteger, _ offset: Int) {
        disk.state.withLock { state in
            guard state.generation == generation, !state.isDead else { return }
            if offset == 16 {
                var unsynced = state.entryChanges.filter { !$0.value.isEmpty }.map(\.key)
                for (path, number) in state.entries where path != self.path {
                    if !(state.inodes[number]?.pending.isEmpty ?? true) { unsynced.append(path) }
                }
                let operation = MemoryDisk.Operation(
                    call: .publish, path: path, offset: UInt64(truncatingIfNeeded: value), unsynced: unsynced.sorted())
                do { try MemoryDisk.change(operation, &state) } catch { return }
            }
            state.inodes[inode]?.write(withUnsafeBytes(of: value.littleEndian, Array.init), at: offset)
        }
    }

    func load32(at offset: Int) -> UInt32 { load(offset) }
    func load64(at offset: Int) -> UInt64 { load(offset) }
    func store32(_ value: UInt32, at offset: Int) { store(value, offset) }
    func store64(_ value: UInt64, at offset: Int) { store(value, offset) }
    func wake(at offset: Int) { store(load(offset) &+ UInt32(1), offset) }
    func close() {}
}

import Contracts
import FileEventLog

/// The simulated disk as one simulated process sees it: where its calls fail, and end with the process.
///
/// *Guarantee*: once the process is dead, no call of it changes anything, and each answers with an I/O error. *If broken*: a
/// crash in the simulation is a stop that had time to tidy up.
///
/// Unchecked: a world runs on one thread.
final class ProcessDisk: Disk, @unchecked Sendable {
    let disk: SimulatedDisk
    let process: SimulatedProcess

    init(_ disk: SimulatedDisk, _ process: SimulatedProcess) {
        self.disk = disk
        self.process = process
    }

    /// A call as it goes through all that can happen to it. `part` does half of it, where it has halves.
    func perform<Value>(
        _ call: DiskCall, _ path: String, part: () -> Void = {}, _ body: () throws(DiskError) -> Value
    ) throws(DiskError) -> Value {
        guard !process.isDead else { throw DiskError("\(call)", path, errno: ErrorNumber.inputOutput) }
        switch process.world.saboteur.look(at: call, path, by: process) {
        case .none: return try body()
        case .fails(let errno):
            part()
            throw DiskError("\(call)", path, errno: errno)
        case .kills(let moment):
            switch moment {
            case .before: break
            case .during: part()
            case .after: _ = try body()
            }
            process.world.carryOutDeath(of: process)
            throw DiskError("\(call)", path, errno: ErrorNumber.inputOutput)
        }
    }

    func createDirectory(_ path: String) throws(DiskError) {
        let call: DiskCall = disk.exists(path) ? .syncDirectory : .create
        try perform(call, path) { () throws(DiskError) in disk.makeDirectory(path) }
    }

    func list(_ path: String) throws(DiskError) -> [String] {
        try perform(.read, path) { () throws(DiskError) in disk.list(path) }
    }

    func exists(_ path: String) -> Bool { disk.exists(path) }

    func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any DiskFile {
        SimulatedFile(try openFile(path, access), path, self)
    }

    func openFile(_ path: String, _ access: FileAccess) throws(DiskError) -> Inode {
        if access == .create {
            return try perform(.create, path) { () throws(DiskError) in
                guard disk.inode(path) == nil else { throw DiskError("open", path, errno: ErrorNumber.exists) }
                return disk.add(path)
            }
        }
        return try perform(.read, path) { () throws(DiskError) in try find(path, "open") }
    }

    private func find(_ path: String, _ operation: String) throws(DiskError) -> Inode {
        guard let inode = disk.inode(path) else { throw DiskError(operation, path, errno: ErrorNumber.missing) }
        return inode
    }

    func rename(_ from: String, to: String) throws(DiskError) {
        try perform(.rename, to) { () throws(DiskError) in disk.rename(from, to: to, try find(from, "rename")) }
    }

    func link(_ from: String, to: String) throws(DiskError) {
        try perform(.link, to) { () throws(DiskError) in
            let inode = try find(from, "link")
            guard disk.inode(to) == nil else { throw DiskError("link", to, errno: ErrorNumber.exists) }
            _ = disk.add(to, inode)
        }
    }

    func remove(_ path: String) throws(DiskError) {
        try perform(.remove, path) { () throws(DiskError) in
            _ = try find(path, "remove")
            disk.remove(path)
        }
    }

    func syncDirectory(_ path: String) throws(DiskError) {
        let isSkipped = process.world.options.planted == .directorySyncsNothing
        try perform(.syncDirectory, path) { () throws(DiskError) in
            if !isSkipped { disk.syncDirectory(path) }
        }
    }

    func lockDirectory(_ path: String) throws(DiskError) -> any DirectoryLock {
        guard !process.isDead else { throw DiskError("lock", path, errno: ErrorNumber.inputOutput) }
        if let holder = disk.lock(path, by: process) {
            throw DiskError("lock", path, errno: ErrorNumber.wouldBlock, holder: Int32(holder.number))
        }
        return SimulatedLock(path: path, owner: self)
    }

    func map(_ path: String, _ access: FileAccess) throws(DiskError) -> any SharedPage {
        let inode = try openFile(path, .read)
        guard inode.current.count >= SimulatedPage.length else {
            throw DiskError("map (file is shorter than a page)", path, errno: ErrorNumber.invalid)
        }
        return SimulatedPage(inode, path, self)
    }

    /// Never sleeps: who watches is called again when a page was changed.
    func wait(for pages: [(page: any SharedPage, word: UInt32)], atMost: Duration) -> Bool { true }

    func pause(_ duration: Duration) {}

    func watch(_ name: String, _ turn: @escaping @Sendable () -> Bool) {
        process.watches.append(turn)
        process.world.somethingChanged(for: process)
    }
}

private struct SimulatedLock: DirectoryLock {
    let path: String
    let owner: ProcessDisk

    func release() {
        owner.disk.unlock(path, by: owner.process)
    }
}

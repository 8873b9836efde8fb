import FileEventLog

/// The disk of the simulated machine: its files, the names that lead to them, and what a loss of power leaves of both.
///
/// It is as unkind as a real one: un-synced writes are kept, lost or torn sector by sector; un-synced names survive up to
/// any point of their directory's history. Directories themselves are made durably, as `Disk.createDirectory` promises.
///
/// Unchecked: a world runs on one thread.
package final class SimulatedDisk: @unchecked Sendable {
    private enum EntryChange {
        case add(String, Inode)
        case remove(String)
        case rename(String, to: String, Inode)
    }

    private var entries: [String: Inode] = [:]
    private var durableEntries: [String: Inode] = [:]
    /// Not yet durable, by directory, in order.
    private var changes: [String: [EntryChange]] = [:]
    private var directories: Set<String> = ["/"]
    /// Who holds which directory.
    private var locks: [String: SimulatedProcess] = [:]

    package init() {}

    // MARK: - Names

    func inode(_ path: String) -> Inode? { entries[path] }

    package func exists(_ path: String) -> Bool { entries[path] != nil || directories.contains(path) }

    func makeDirectory(_ path: String) {
        var current = path
        while current != "/" {
            directories.insert(current)
            current = Path.parent(of: current)
        }
    }

    func list(_ path: String) -> [String] {
        let prefix = path == "/" ? path : path + "/"
        func name(_ other: String) -> String? {
            guard other != prefix, other.hasPrefix(prefix) else { return nil }
            let rest = other.utf8.dropFirst(prefix.utf8.count)
            return rest.contains(UInt8(ascii: "/")) ? nil : String(Substring(rest))
        }
        return (entries.keys.compactMap(name) + directories.compactMap(name)).sorted()
    }

    func add(_ path: String, _ inode: Inode = Inode()) -> Inode {
        change(.add(path, inode), in: path)
        return inode
    }

    func remove(_ path: String) { change(.remove(path), in: path) }

    func rename(_ from: String, to: String, _ inode: Inode) {
        change(.rename(from, to: to, inode), in: to)
    }

    private func change(_ change: EntryChange, in path: String) {
        Self.carryOut(change, &entries)
        changes[Path.parent(of: path), default: []].append(change)
    }

    func syncDirectory(_ path: String) {
        for change in changes.removeValue(forKey: path) ?? [] { Self.carryOut(change, &durableEntries) }
    }

    private static func carryOut(_ change: EntryChange, _ entries: inout [String: Inode]) {
        switch change {
        case .add(let path, let inode): entries[path] = inode
        case .remove(let path): entries[path] = nil
        case .rename(let from, let to, let inode):
            entries[from] = nil
            entries[to] = inode
        }
    }

    // MARK: - Locks

    func lock(_ path: String, by process: SimulatedProcess) -> SimulatedProcess? {
        if let holder = locks[path], !holder.isDead { return holder }
        locks[path] = process
        return nil
    }

    func unlock(_ path: String, by process: SimulatedProcess) {
        if locks[path] === process { locks[path] = nil }
    }

    // MARK: - Losing power

    /// What was lost, for the tally.
    struct Loss {
        var lostWrites = 0
        var tornWrites = 0
        var lostEntries = 0
    }

    func losePower(_ random: inout SeededRandom) -> Loss {
        var loss = Loss()
        for directory in changes.keys.sorted() {
            let list = changes[directory] ?? []
            let kept = random.below(list.count + 1)
            for change in list[..<kept] { Self.carryOut(change, &durableEntries) }
            loss.lostEntries += list.count - kept
        }
        changes = [:]
        entries = durableEntries
        locks = [:]
        var seen: Set<ObjectIdentifier> = []
        for path in entries.keys.sorted() {
            guard let inode = entries[path], seen.insert(ObjectIdentifier(inode)).inserted else { continue }
            let lost = inode.losePower(&random)
            if lost.isLost { loss.lostWrites += 1 }
            if lost.isTorn { loss.tornWrites += 1 }
        }
        return loss
    }

    // MARK: - For those who look from outside

    /// Every file by its path, as a program would read it now.
    func files() -> [(path: String, image: Image)] {
        entries.keys.sorted().compactMap { path in entries[path].map { (path, $0.current) } }
    }

    package func contents(_ path: String) -> [UInt8]? { entries[path]?.current.bytes }
}

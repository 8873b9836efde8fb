/// A file of the simulated disk, apart from its names: what programs see, and what would survive a loss of power.
final class Inode {
    /// As programs see it.
    let current = Image()
    /// As it is on the medium.
    private let durable = Image()
    /// Since the last sync, in order.
    private var pending: [Change] = []

    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    static let sectorBytes = 512

    var hasUnsynced: Bool { !pending.isEmpty }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let count = min(buffer.count, max(0, current.count - offset))
        guard count > 0 else { return 0 }
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: current.raw[offset..<offset + count]))
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        current.put(bytes, at: offset)
        pending.append(.write(offset: offset, bytes: Array(bytes)))
    }

    func truncate(to length: Int) {
        guard length < current.count else { return }
        current.truncate(to: length)
        pending.append(.truncate(length))
    }

    /// Zeros up to a length, where the file is shorter.
    func extend(to length: Int) {
        guard length > current.count else { return }
        [UInt8](repeating: 0, count: length - current.count).withUnsafeBytes { write($0, at: current.count) }
    }

    func sync() {
        for change in pending { apply(change) }
        pending.removeAll(keepingCapacity: true)
    }

    /// A sync that failed: the pages count as clean from now on, and the medium is as it was.
    func forgetPending() {
        pending.removeAll()
    }

    /// What a loss of power left of the un-synced changes.
    struct Loss {
        var isLost = false
        var isTorn = false
    }

    /// Each sector of the medium is as it was at some moment since the last sync, and which moment is chance.
    ///
    /// A file whose length was cut loses all changes since one moment instead: what was written behind the cut cannot be
    /// there without it.
    func losePower(_ random: inout SeededRandom) -> Loss {
        var loss = Loss()
        // What a failed sync had already lost is gone now too.
        defer {
            current.become(durable)
            pending.removeAll()
        }
        guard !pending.isEmpty else { return loss }
        let cut = pending.contains { if case .truncate = $0 { true } else { false } }
        switch random.below(4) {
        case 0: loss.isLost = true
        case 1: for change in pending { apply(change) }
        case _ where cut:
            let kept = random.below(pending.count + 1)
            loss.isLost = kept < pending.count
            for change in pending[..<kept] { apply(change) }
        default:
            loss.isTorn = tear(&random)
        }
        return loss
    }

    /// Whether any change was kept in part.
    private func tear(_ random: inout SeededRandom) -> Bool {
        var moments: [Int: Int] = [:]
        var isTorn = false
        for (moment, change) in pending.enumerated() {
            guard case .write(let offset, let bytes) = change else { continue }
            var (kept, dropped) = (false, false)
            for sector in offset / Self.sectorBytes...(offset + bytes.count - 1) / Self.sectorBytes {
                let last = moments[sector] ?? random.below(pending.count + 1)
                moments[sector] = last
                guard moment < last else {
                    dropped = true
                    continue
                }
                kept = true
                let begin = max(offset, sector * Self.sectorBytes)
                let end = min(offset + bytes.count, (sector + 1) * Self.sectorBytes)
                bytes.withUnsafeBytes {
                    durable.put(UnsafeRawBufferPointer(rebasing: $0[begin - offset..<end - offset]), at: begin)
                }
            }
            isTorn = isTorn || (kept && dropped)
        }
        return isTorn
    }

    /// The medium rots: one bit, under whatever is cached of it too.
    func flip(bit: Int, ofByte offset: Int) {
        for image in [current, durable] where offset < image.count { image.raw[offset] ^= 1 << UInt8(bit) }
    }

    private func apply(_ change: Change) {
        switch change {
        case .write(let offset, let bytes): bytes.withUnsafeBytes { durable.put($0, at: offset) }
        case .truncate(let length): durable.truncate(to: length)
        }
    }
}

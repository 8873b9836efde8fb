/// A file of the simulated disk, apart from its names: what programs see, and what would survive a loss of power.
final class Inode {
    /// As programs see it.
    private(set) var current: [UInt8] = []
    /// As it is on the medium.
    private(set) var durable: [UInt8] = []
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
        current.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        Self.put(bytes, at: offset, in: &current)
        pending.append(.write(offset: offset, bytes: Array(bytes)))
    }

    func truncate(to length: Int) {
        guard length < current.count else { return }
        current.removeLast(current.count - length)
        pending.append(.truncate(length))
    }

    /// Zeros up to a length, where the file is shorter.
    func extend(to length: Int) {
        guard length > current.count else { return }
        [UInt8](repeating: 0, count: length - current.count).withUnsafeBytes { write($0, at: current.count) }
    }

    func sync() {
        for change in pending { Self.apply(change, to: &durable) }
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
            current = durable
            pending.removeAll()
        }
        guard !pending.isEmpty else { return loss }
        let cut = pending.contains { if case .truncate = $0 { true } else { false } }
        switch random.below(4) {
        case 0: loss.isLost = true
        case 1: for change in pending { Self.apply(change, to: &durable) }
        case _ where cut:
            let kept = random.below(pending.count + 1)
            loss.isLost = kept < pending.count
            for change in pending[..<kept] { Self.apply(change, to: &durable) }
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
                    Self.put(
                        UnsafeRawBufferPointer(rebasing: $0[begin - offset..<end - offset]), at: begin, in: &durable)
                }
            }
            isTorn = isTorn || (kept && dropped)
        }
        return isTorn
    }

    /// The medium rots: one bit, under whatever is cached of it too.
    func flip(bit: Int, ofByte offset: Int) {
        if offset < current.count { current[offset] ^= 1 << UInt8(bit) }
        if offset < durable.count { durable[offset] ^= 1 << UInt8(bit) }
    }

    private static func apply(_ change: Change, to image: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes): bytes.withUnsafeBytes { put($0, at: offset, in: &image) }
        case .truncate(let length): if image.count > length { image.removeLast(image.count - length) }
        }
    }

    private static func put(_ bytes: UnsafeRawBufferPointer, at offset: Int, in image: inout [UInt8]) {
        let missing = offset + bytes.count - image.count
        if missing > 0 { image.append(contentsOf: repeatElement(0, count: missing)) }
        image.withUnsafeMutableBytes { image in
            UnsafeMutableRawBufferPointer(rebasing: image[offset..<offset + bytes.count]).copyMemory(from: bytes)
        }
    }
}

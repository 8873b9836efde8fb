import FileEventLog

/// An open file of a simulated process. Unchecked: a world runs on one thread.
final class SimulatedFile: DiskFile, @unchecked Sendable {
    private let inode: Inode
    let path: String
    private let owner: ProcessDisk

    init(_ inode: Inode, _ path: String, _ owner: ProcessDisk) {
        self.inode = inode
        self.path = path
        self.owner = owner
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
        try owner.perform(.read, path) { () throws(DiskError) in
            inode.read(into: buffer, at: Int(min(offset, UInt64(Int.max))))
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
        let half = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
        try owner.perform(.write, path) {
            inode.write(half, at: Int(offset))
        } _: { () throws(DiskError) in
            inode.write(bytes, at: Int(offset))
        }
    }

    func sync() throws(DiskError) { try sync(.sync) }

    func sync(_ call: DiskCall) throws(DiskError) {
        let isSkipped = owner.process.world.options.planted?.skipsSync(of: path) == true
        try owner.perform(call, path) {
            inode.forgetPending()
        } _: { () throws(DiskError) in
            if !isSkipped { inode.sync() }
        }
    }

    func allocate(_ count: UInt64) throws(DiskError) {
        try owner.perform(.allocate, path) { () throws(DiskError) in inode.extend(to: Int(count)) }
    }

    func truncate(to length: Int) throws(DiskError) {
        try owner.perform(.truncate, path) { () throws(DiskError) in inode.truncate(to: length) }
    }

    func size() throws(DiskError) -> UInt64 {
        guard !owner.process.isDead else { throw DiskError("stat", path, errno: ErrorNumber.inputOutput) }
        return UInt64(inode.current.count)
    }

    func close() {}
}

/// A page that processes share. Unchecked: a world runs on one thread.
final class SimulatedPage: SharedPage, @unchecked Sendable {
    static let length = 4096
    private let inode: Inode
    private let path: String
    private let owner: ProcessDisk

    init(_ inode: Inode, _ path: String, _ owner: ProcessDisk) {
        self.inode = inode
        self.path = path
        self.owner = owner
    }

    private func load<Word: FixedWidthInteger>(_ offset: Int) -> Word {
        Word(littleEndian: inode.current.raw.loadUnaligned(fromByteOffset: offset, as: Word.self))
    }

    /// A store has no error to give: that of a dead process comes to nothing.
    private func store(_ value: some FixedWidthInteger, _ offset: Int) {
        try? owner.perform(.publish, path) { () throws(DiskError) in
            withUnsafeBytes(of: value.littleEndian) { inode.write($0, at: offset) }
        }
    }

    func load32(at offset: Int) -> UInt32 { load(offset) }
    func load64(at offset: Int) -> UInt64 { load(offset) }
    func store32(_ value: UInt32, at offset: Int) { store(value, offset) }
    func store64(_ value: UInt64, at offset: Int) { store(value, offset) }

    func wake(at offset: Int) {
        store(load(offset) &+ UInt32(1), offset)
        if !owner.process.isDead { owner.process.world.somethingChanged() }
    }

    func close() {}
}

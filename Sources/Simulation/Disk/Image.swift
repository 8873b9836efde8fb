import Foundation

/// The bytes of a file, in memory that grows at its end. (An array's operations on single bytes take most of a run's time in
/// a build without optimisation.)
final class Image {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    private static let firstCapacity = 4096

    init() {
        capacity = Self.firstCapacity
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    var raw: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: memory, count: count) }

    /// Up to the last byte that is not zero.
    var countWithoutZeros: Int {
        var end = count
        while end >= 8, raw.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
        while end > 0, raw[end - 1] == 0 { end -= 1 }
        return end
    }

    var bytes: [UInt8] { [UInt8](UnsafeRawBufferPointer(raw)) }

    /// What lies between the end and the offset reads as zeros.
    func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        extend(to: offset + bytes.count)
        memcpy(memory + offset, source, bytes.count)
    }

    /// With zeros.
    func extend(to length: Int) {
        guard length > count else { return }
        if length > capacity {
            capacity = max(length, capacity * 2)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            memcpy(larger, memory, count)
            memory.deallocate()
            memory = larger
        }
        memset(memory + count, 0, length - count)
        count = length
    }

    func truncate(to length: Int) {
        count = min(count, length)
    }

    func become(_ other: Image) {
        count = 0
        put(UnsafeRawBufferPointer(other.raw), at: 0)
    }
}

/// CRC-32C by the bit (RFC 3720 appendix B.4), to mend what these tests break on purpose.
func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
}

extension [UInt8] {
    func word(_ offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(self[offset + $1]) << (8 * $1) }
    }

    mutating func set(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }

    /// Makes both checksums of the frame at an offset right again.
    mutating func mendFrame(at start: Int) {
        let length = word(start + 4)
        if length >= 96, start + length <= count { set(crc32c(self[start + 96..<start + length]), at: start + 12) }
        set(crc32c(Array(self[start..<start + 8]) + self[start + 12..<start + 96]), at: start + 8)
    }

    mutating func mendSegmentHeader() {
        set(crc32c(Array(self[0..<12]) + self[16..<128]), at: 12)
    }

    /// Where the frames of a segment begin.
    var frameStarts: [Int] {
        var starts: [Int] = []
        var position = 128
        while position + 96 <= count, word(position) == 0x3146_4C53 {
            starts.append(position)
            position += word(position + 4)
        }
        return starts
    }
}

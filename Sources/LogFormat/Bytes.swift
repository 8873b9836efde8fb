import CPlatform

extension UnsafeRawBufferPointer {
    /// A little-endian number. The caller has checked that it lies inside.
    func number<Value: FixedWidthInteger>(at offset: Int, as _: Value.Type = Value.self) -> Value {
        Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// CRC-32C of all bytes but the four at `offset`, where the checksum itself stands.
    func checksum(without offset: Int) -> UInt32 {
        let first = stampede_crc32c(0, baseAddress, offset)
        return stampede_crc32c(first, baseAddress.map { $0 + offset + 4 }, count - offset - 4)
    }
}

extension UnsafeMutableRawBufferPointer {
    func put(_ value: some FixedWidthInteger, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value))
    }

    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
        UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + bytes.count]).copyBytes(from: bytes)
    }

    /// Puts the checksum of everything else at `offset`.
    func putChecksum(at offset: Int) {
        put(UnsafeRawBufferPointer(self).checksum(without: offset), at: offset)
    }
}

extension [UInt8] {
    /// `count` zeros, then whatever `fill` puts over them.
    init(zeros count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        self.init(repeating: 0, count: count)
        withUnsafeMutableBytes(fill)
    }
}

extension Int {
    package func roundedUp(to multiple: Int) -> Int {
        (self + multiple - 1) / multiple * multiple
    }
}

extension String {
    /// Text of bytes that must be UTF-8; nil where they are not.
    ///
    /// Why not `String(validating:)` alone: it is generic and costs a microsecond a call, and nearly all that events
    /// carry is ASCII, which needs no validation.
    init?(utf8 bytes: Slice<UnsafeRawBufferPointer>) {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard bytes.allSatisfy({ $0 < 0x80 }) else {
            self.init(validating: bytes, as: UTF8.self)
            return
        }
        self.init(unsafeUninitializedCapacity: bytes.count) { buffer in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            return bytes.count
        }
    }
}

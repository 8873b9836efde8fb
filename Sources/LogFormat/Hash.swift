/// A SHA-256 digest: 32 bytes, compared and copied without an allocation. Whoever has the hash function makes it.
package struct Hash: Hashable, Sendable, CustomStringConvertible {
    package static let length = 32
    package static let zero = Hash(words: .zero)

    /// The bytes in the order of memory, whatever the machine's byte order.
    private let words: SIMD4<UInt64>

    private init(words: SIMD4<UInt64>) {
        self.words = words
    }

    /// - Parameter bytes: exactly 32.
    package init(copying bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.length, "a SHA-256 digest has 32 bytes, not \(bytes.count)")
        words = bytes.loadUnaligned(as: SIMD4<UInt64>.self)
    }

    package init(bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Hash(copying: $0) }
    }

    package var bytes: [UInt8] {
        withUnsafeBytes(of: words, Array.init)
    }

    /// Copies the 32 bytes to a place in a buffer.
    package func store(to buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        buffer.storeBytes(of: words, toByteOffset: offset, as: SIMD4<UInt64>.self)
    }

    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
